using Microsoft.EntityFrameworkCore;

namespace Mycel.Ledger.Storage.Writing;

/// <summary>Rows of one table that a batch reads at its start and writes at its end.</summary>
internal sealed class RowSet<TKey, TRow>
    where TKey : notnull
    where TRow : class
{
    private readonly Dictionary<TKey, TRow> _rows = [];
    private readonly Dictionary<TKey, TRow> _stored = [];
    private readonly HashSet<TKey> _changed = [];

    /// <summary>Takes rows as they are in the database.</summary>
    public void Load(IEnumerable<TRow> rows, Func<TRow, TKey> keyOf)
    {
        foreach (TRow row in rows)
            _rows[keyOf(row)] = _stored[keyOf(row)] = row;
    }

    /// <summary>The row, with what this batch did to it; null where there is none.</summary>
    public TRow? Find(TKey key) => _rows.GetValueOrDefault(key);

    /// <summary>Puts a row in the place of the one with this key, if there is one.</summary>
    public void Put(TKey key, TRow row)
    {
        _rows[key] = row;
        _changed.Add(key);
    }

    /// <summary>Takes the row with this key away, if there is one.</summary>
    public void Remove(TKey key)
    {
        _rows.Remove(key);
        _changed.Add(key);
    }

    /// <summary>Hands what has changed to the context, in the order in which the keys were first changed.</summary>
    public void Save(DbSet<TRow> set)
    {
        foreach (TKey key in _changed)
        {
            if (_rows.TryGetValue(key, out TRow? row))
            {
                if (_stored.ContainsKey(key)) set.Update(row);
                else set.Add(row);
            }
            else if (_stored.TryGetValue(key, out row))
            {
                set.Remove(row);
            }
        }
    }
}
