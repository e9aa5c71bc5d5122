using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;
using Mycel.Node.Configuration;
using Mycel.Node.Networks;

namespace Mycel.Node.Settlement;

/// <summary>
/// Opens the books once this node belongs to a network, and closes them at its end: a node by itself has nothing to write down. Safe for use from several threads.
/// </summary>
internal sealed partial class CreditRoom : IAsyncDisposable
{
    private readonly NodeIdentity _identity;
    private readonly NodeInstance _instance;
    private readonly SecretStore _secrets;
    private readonly NetworkRegistry _networks;
    private readonly MemberLines _lines;
    private readonly ClearingPlaces _places;
    private readonly AppointmentBook _appointments;
    private readonly RevocationBook _revocations;
    private readonly IOptionsSource _options;
    private readonly TimeProvider _time;
    private readonly ILogger<CreditRoom> _logger;
    /// <summary>How long a request waits for the books of a network that was joined a moment ago.</summary>
    private static readonly TimeSpan OpenTime = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly HashSet<NetworkId> _restored = [];
    private volatile CreditBooks? _books;
    private volatile Task _opening = Task.CompletedTask;
    private bool _isClosed;

    public CreditRoom(
        NodeIdentity identity, NodeInstance instance, SecretStore secrets, NetworkRegistry networks, MemberLines lines, ClearingPlaces places, AppointmentBook appointments, RevocationBook revocations,
        IOptionsSource options, TimeProvider time, ILogger<CreditRoom> logger)
    {
        (_identity, _instance, _secrets, _networks, _lines, _options, _time, _logger) = (identity, instance, secrets, networks, lines, options, time, logger);
        (_places, _appointments, _revocations) = (places, appointments, revocations);
        networks.Changed += OnNetworks;
    }

    /// <summary>The answer where the books are not open yet.</summary>
    public static CreditRefusal NotOpen { get; } = new(StatusCodes.Status503ServiceUnavailable, "books_not_open", "This node's books are not open yet, so nothing can be paid. Try again in a moment.");

    /// <summary>The open books; null where there are none yet.</summary>
    public CreditBooks? Books => _books;

    /// <summary>The open books; where they are being opened, that is waited for.</summary>
    /// <returns>Null where there are none, or it takes too long.</returns>
    public ValueTask<CreditBooks?> ReadyAsync() => _books is { } open ? ValueTask.FromResult<CreditBooks?>(open) : new ValueTask<CreditBooks?>(WaitAsync());

    private async Task<CreditBooks?> WaitAsync()
    {
        await Task.WhenAny(_opening, Task.Delay(OpenTime, _time));
        return _books;
    }

    /// <summary>Opens the books where the node belongs to a network, and takes in what is new among its networks.</summary>
    /// <exception cref="LedgerException">The database cannot be used; the message says why and what to do.</exception>
    public async Task OpenAsync()
    {
        await _turn.WaitAsync();
        try
        {
            var joined = _networks.Joined.Select(n => n.Charter.Id).Where(id => !_restored.Contains(id)).ToList();
            if (_isClosed || joined.Count == 0) return;
            var books = _books;
            if (books is null) books = await MakeAsync();
            await books.Fraud.RestoreAsync(joined);
            await books.Standings.RestoreAsync(joined);
            _restored.UnionWith(joined);
            _books = books;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Closes the books; what is written down is on the disk.</summary>
    public async ValueTask DisposeAsync()
    {
        _networks.Changed -= OnNetworks;
        await _turn.WaitAsync();
        try
        {
            _isClosed = true;
            var books = _books;
            _books = null;
            if (books is null) return;
            await FlushAsync(books);
            await books.Store.DisposeAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task FlushAsync(CreditBooks books)
    {
        try
        {
            await books.Reputation.FlushAsync();
        }
        catch (LedgerException failed)
        {
            LogNotKept(_logger, failed.Message);
        }
    }

    private async Task<CreditBooks> MakeAsync()
    {
        var store = await Task.Run(() => LedgerStore.Open(StoreOptions(), _time));
        try
        {
            var context = new BookContext { Store = store, Device = _identity.Device, Certificate = () => _identity.Certificate, Instance = _instance.Bytes, Time = _time };
            var fraud = new FraudBook(context);
            var standings = new Standings(context, fraud, OwnLine, _appointments.IsTrusted);
            var payer = new PayerBook(context, fraud, standings);
            var provider = new ProviderBook(context, fraud, standings, new ProviderOptions { Cap = _options.Current.Credit.Exposure });
            var clearing = new ClearingBook(context, fraud, _lines.TermsOf, new ClearingOptions { IsRevoked = _revocations.IsRevoked }, _places.AuthorityOf);
            await payer.RestoreAsync();
            await provider.RestoreAsync();
            var reputation = new ReputationBook(context);
            await reputation.RestoreAsync();
            return new CreditBooks(store, context, fraud, standings, payer, provider, new Outbox(context, payer, provider, standings, fraud), clearing, reputation);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private LedgerStoreOptions StoreOptions()
    {
        var ledger = _options.Current.Ledger;
        var book = _identity.Device.PeerId;
        if (ledger.Postgres.Length == 0) return new LedgerStoreOptions { SqlitePath = ledger.Path, Book = book };
        var connection = KeyReference.SecretName(ledger.Postgres) is { } secret ? _secrets.Get(secret)
            : KeyReference.EnvironmentName(ledger.Postgres) is { } variable ? Environment.GetEnvironmentVariable(variable) : null;
        if (string.IsNullOrWhiteSpace(connection))
            throw new LedgerException($"ledger.postgres names {ledger.Postgres}, and there is nothing under that name. Put the connection string in with: mycel secret set NAME");
        return new LedgerStoreOptions { PostgresConnectionString = connection, Book = book };
    }

    private long OwnLine(NetworkId network) => _lines.OwnLine(network);

    private void OnNetworks() => _opening = Task.Run(OpenLaterAsync);

    private async Task OpenLaterAsync()
    {
        try
        {
            await OpenAsync();
        }
        catch (Exception error)
        {
            // What was joined is joined; nothing can be paid until the database can be used.
            LogNotOpened(_logger, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the books cannot be opened, so nothing can be paid or earned: {Reason}")]
    private static partial void LogNotOpened(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "what was seen of peers could not be written down: {Reason}")]
    private static partial void LogNotKept(ILogger logger, string reason);
}
