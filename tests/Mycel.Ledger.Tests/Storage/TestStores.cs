using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Storage;

/// <summary>The kinds of databases that every test of the store runs on.</summary>
public enum DatabaseKind
{
    Sqlite,
    Postgres,
}

/// <summary>A database of one test, which stores can be opened over again and again.</summary>
internal sealed class TestDatabase : IDisposable
{
    private readonly string? _folder;

    private TestDatabase(string? folder, string? postgres)
    {
        _folder = folder;
        Postgres = postgres;
    }

    public string? Postgres { get; }

    public string? Path => _folder is null ? null : System.IO.Path.Combine(_folder, "ledger.db");

    public static TestDatabase New(DatabaseKind kind, PostgresServer server)
        => kind == DatabaseKind.Postgres ? new TestDatabase(null, server.NewDatabase()) : NewSqlite();

    public static TestDatabase NewSqlite() => new(Directory.CreateTempSubdirectory("mycel-ledger-").FullName, null);

    public LedgerStore Open(TimeProvider? time = null, PeerId book = default, bool isStepped = false)
        => LedgerStore.Open(
            new LedgerStoreOptions { SqlitePath = Path, PostgresConnectionString = Postgres, Book = book, IsStepped = isStepped, IsDurable = Postgres is not null },
            time ?? TimeProvider.System);

    public void Dispose()
    {
        if (_folder is not null) Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Ids, receipts and transfers that tests write.</summary>
internal static class Some
{
    public static PeerId Device(int number)
    {
        var bytes = new byte[PeerId.SizeBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(28), number);
        return new PeerId(bytes);
    }

    public static AccountId Account(int number) => new(Device(1_000_000 + number));

    public static NetworkId Network(int number = 1) => new(Device(2_000_000 + number));

    public static Transfer Transfer(int payer, int provider, long amount, long line = 1_000_000_000, OrderId? id = null, int network = 1)
    {
        OrderId order = id ?? OrderId.New();
        return new Transfer(Network(network), order, Account(payer), Account(provider), amount, line, System.Text.Encoding.UTF8.GetBytes($"settled {order} {amount}"));
    }

    public static ReceiptRecord Receipt(
        ReceiptState state = ReceiptState.Countersigned, ReceiptSide side = ReceiptSide.Earned, OrderId? id = null, int account = 1, long amount = 5, DateTimeOffset? at = null,
        string? key = null, long? entry = null, int network = 1) => new()
        {
            Id = id ?? OrderId.New(),
            Network = Network(network),
            Side = side,
            State = state,
            Account = Account(account),
            Device = Device(account),
            Model = "llama",
            PromptTokens = 10,
            CompletionTokens = 20,
            Amount = amount,
            Claimed = amount,
            KeyName = key,
            At = at ?? DateTimeOffset.UnixEpoch.AddDays(20_000),
            Entry = entry,
            Bytes = new byte[] { 1, 2, 3 },
        };
}
