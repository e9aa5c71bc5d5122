using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>What a database's errors mean to the store's callers.</summary>
internal static class Problems
{
    /// <summary>Whether an exception comes from the database or the way to it.</summary>
    public static bool IsOfDatabase(Exception problem)
        => problem is DbException or DbUpdateException or IOException or UnauthorizedAccessException or TimeoutException or System.Net.Sockets.SocketException;

    /// <param name="name">The database's name.</param>
    /// <param name="verb">What could not be done: opened, read or written.</param>
    /// <param name="cause">What it said.</param>
    public static LedgerException Explain(string name, string verb, Exception cause)
    {
        if (cause is LedgerException known) return known;
        Exception said = cause is DbUpdateException { InnerException: { } inner } ? inner : cause;
        return new LedgerException($"The ledger in {name} cannot be {verb}: {said.Message}", cause);
    }
}
