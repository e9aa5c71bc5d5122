using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Books;
using Mycel.Ledger.Tests.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>A person with one node: keys, a database and all books.</summary>
internal sealed class Party : IDisposable
{
    // Made once: tables take longer to make than to copy.
    private static readonly Lazy<byte[]> Empty = new(MakeEmpty);

    private readonly TestClock _clock;
    private readonly NetworkId _network;
    private readonly TestDatabase _database = TestDatabase.NewSqlite();
    private readonly string _backup = System.IO.Path.GetTempFileName();

    public Party(TestClock clock, NetworkId? network, byte seed)
    {
        _clock = clock;
        Account = new AccountKey(SHA256.HashData([seed, 1]));
        Device = new DeviceKey(SHA256.HashData([seed, 2]));
        Certificate = Certify();
        File.WriteAllBytes(_database.Path!, Empty.Value);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_database.Path!, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _network = network ?? NetworkId.FromPublicKey(Account.PublicKey);
        Open();
    }

    public AccountKey Account { get; }

    public AccountId Id => Account.AccountId;

    public DeviceKey Device { get; }

    public DeviceCertificate Certificate { get; set; }

    public long Line { get; set; }

    public PayerOptions PayerOptions { get; set; } = new();

    public ProviderOptions ProviderOptions { get; set; } = new();

    public PriceList Prices { get; private set; } = null!;

    public byte[] Instance { get; private set; } = [];

    public FaultyStore Store { get; private set; } = null!;

    public BookContext Context { get; private set; } = null!;

    public FraudBook Fraud { get; private set; } = null!;

    public Standings Standings { get; private set; } = null!;

    public PayerBook Payer { get; private set; } = null!;

    public ProviderBook Provider { get; private set; } = null!;

    public Outbox Outbox { get; private set; } = null!;

    public DeviceCertificate Certify(TimeSpan? validity = null, DeviceRoles roles = DeviceRoles.All)
        => DeviceCertificate.Issue(Account, Device.PublicKey, "desk", roles, 1, _clock.Now, validity ?? TimeSpan.FromDays(365));

    /// <summary>Ends the node, as a crash or as a stop does, and starts it anew on what is on its disk.</summary>
    public async Task RestartAsync()
    {
        await Store.Inner.DisposeAsync();
        Open();
        await RestoreAsync();
    }

    public async Task RestoreAsync()
    {
        await Fraud.RestoreAsync([_network]);
        await Standings.RestoreAsync([_network]);
        await Payer.RestoreAsync();
        await Provider.RestoreAsync();
    }

    /// <summary>Copies the database as it is.</summary>
    public async Task BackUpAsync()
    {
        await Store.Inner.DisposeAsync();
        File.Copy(_database.Path!, _backup, overwrite: true);
        Open();
        await RestoreAsync();
    }

    /// <summary>Puts the copied database back: what was written since is lost.</summary>
    public async Task RollBackAsync()
    {
        await Store.Inner.DisposeAsync();
        foreach (string path in new[] { "", "-wal", "-shm" }) File.Delete(_database.Path + path);
        File.Copy(_backup, _database.Path!);
        Open();
        await RestoreAsync();
    }

    public void Dispose()
    {
        Store.Inner.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _database.Dispose();
        File.Delete(_backup);
        Account.Dispose();
        Device.Dispose();
    }

    private static byte[] MakeEmpty()
    {
        using TestDatabase made = TestDatabase.NewSqlite();
        made.Open().DisposeAsync().AsTask().GetAwaiter().GetResult();
        return File.ReadAllBytes(made.Path!);
    }

    private void Open()
    {
        Instance = RandomNumberGenerator.GetBytes(16);
        Store = new FaultyStore(_database.Open(_clock, Device.PeerId));
        Context = new BookContext { Store = Store, Device = Device, Certificate = () => Certificate, Instance = Instance, Time = _clock };
        Fraud = new FraudBook(Context);
        Standings = new Standings(Context, Fraud, _ => Line);
        Payer = new PayerBook(Context, Fraud, Standings, PayerOptions);
        Provider = new ProviderBook(Context, Fraud, Standings, ProviderOptions);
        Outbox = new Outbox(Context, Payer, Provider, Standings, Fraud);
        Prices = new PriceList(_clock);
    }
}
