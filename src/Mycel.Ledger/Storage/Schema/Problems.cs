using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>What a database's errors mean to the store's callers.</summary>
internal static class Problems
{
    /// <summary>Whether an exception comes from the database or the way to it.</summary>
    public static bool IsOfDatabase(Exception problem)
        => Said(problem) is DbException or DbUpdateException or IOException or UnauthorizedAccessException or TimeoutException or System.Net.Sockets.SocketException;

    /// <param name="name">The database's name.</param>
    /// <param name="verb">What could not be done: opened, read or written.</param>
    /// <param name="cause">What it said.</param>
    public static LedgerException Explain(string name, string verb, Exception cause)
    {
        if (cause is LedgerException known) return known;
        return new LedgerException($"The ledger in {name} cannot be {verb}: {Said(cause).Message}", cause);
    }

    // Entity Framework wraps what it takes for transient (a lost connection, a server that starts) in an InvalidOperationException, that perhaps around its own.
    private static Exception Said(Exception problem)
    {
        while (problem is InvalidOperationException or DbUpdateException && problem.InnerException is { } inner) problem = inner;
        return problem;
    }
}
