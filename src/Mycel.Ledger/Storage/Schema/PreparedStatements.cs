using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Mycel.Ledger.Storage.Schema;

/// <summary>
/// Keeps the statements of EF Core's inserts and updates prepared on the writer's one connection: SQLite otherwise reads each of them anew for every row,
/// which takes longer than to write the row.
/// </summary>
internal sealed class PreparedStatements : DbCommandInterceptor, IDisposable
{
    /// <summary>A few tables times a few kinds of changes; others are not kept.</summary>
    private const int MaxStatements = 64;

    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        if (eventData.CommandSource != CommandSource.SaveChanges || command is not SqliteCommand wanted || Find(wanted) is not { } prepared) return result;
        prepared.Transaction = wanted.Transaction;
        for (int i = 0; i < wanted.Parameters.Count; i++)
            prepared.Parameters[i].Value = wanted.Parameters[i].Value;
        return InterceptionResult<DbDataReader>.SuppressWithResult(prepared.ExecuteReader());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SqliteCommand command in _prepared.Values)
            command.Dispose();
        _prepared.Clear();
    }

    private SqliteCommand? Find(SqliteCommand wanted)
    {
        if (_prepared.TryGetValue(wanted.CommandText, out SqliteCommand? prepared) || _prepared.Count == MaxStatements) return prepared;
        prepared = wanted.Connection!.CreateCommand();
        prepared.CommandText = wanted.CommandText;
        foreach (SqliteParameter parameter in wanted.Parameters)
            // Without the type and size of the first row's value: each value says its own.
            prepared.Parameters.Add(new SqliteParameter { ParameterName = parameter.ParameterName });
        _prepared.Add(prepared.CommandText, prepared);
        return prepared;
    }
}
