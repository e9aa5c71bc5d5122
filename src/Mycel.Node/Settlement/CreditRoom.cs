using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Ledger.Storage;
using Mycel.Node.Configuration;
using Mycel.Node.Networks;
using Mycel.Node.Observability;

namespace Mycel.Node.Settlement;

/// <summary>
/// Opens the books of a node that belongs to a network, and closes them at its end. Where something is written down already, that is at the start; a node
/// that never paid nor earned opens them when it comes near that, for it takes longer than all the rest of a start. Safe for use from several threads.
/// </summary>
internal sealed partial class CreditRoom : IAsyncDisposable
{
    /// <summary>How long a request waits for books that are being opened.</summary>
    private static readonly TimeSpan OpenTime = TimeSpan.FromSeconds(30);

    /// <summary>After a failure: not each request tries anew.</summary>
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(15);

    private readonly NodeIdentity _identity;
    private readonly NodeInstance _instance;
    private readonly SecretStore _secrets;
    private readonly NetworkRegistry _networks;
    private readonly MemberLines _lines;
    private readonly ReputationBook _reputation;
    private readonly CreditMetrics _metrics;
    private readonly DueSignal _due;
    private readonly ClearingPlaces _places;
    private readonly AppointmentBook _appointments;
    private readonly RevocationBook _revocations;
    private readonly IOptionsSource _options;
    private readonly TimeProvider _time;
    private readonly ILogger<CreditRoom> _logger;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly HashSet<NetworkId> _restored = [];
    private readonly Lock _gate = new();
    private volatile CreditBooks? _books;
    private volatile IReadOnlyList<JoinedNetwork>? _restoredOf;
    private Task _opening = Task.CompletedTask;
    private DateTimeOffset _tryAgain;
    private bool _isClosed;

    public CreditRoom(
        NodeIdentity identity, NodeInstance instance, SecretStore secrets, NetworkRegistry networks, MemberLines lines, ClearingPlaces places,
        AppointmentBook appointments, RevocationBook revocations, ReputationBook reputation, CreditMetrics metrics, DueSignal due, IOptionsSource options,
        TimeProvider time, ILogger<CreditRoom> logger)
    {
        (_identity, _instance, _secrets, _networks, _lines, _reputation, _metrics, _due) = (identity, instance, secrets, networks, lines, reputation, metrics, due);
        (_places, _appointments, _revocations, _options, _time, _logger) = (places, appointments, revocations, options, time, logger);
        networks.Changed += OnNetworks;
    }

    /// <summary>The answer where the books are not open.</summary>
    public static CreditRefusal NotOpen { get; } = new(StatusCodes.Status503ServiceUnavailable, "books_not_open", "This node's books are not open yet, so nothing can be paid. Try again in a moment.");

    /// <summary>The open books; null where there are none yet.</summary>
    public CreditBooks? Books => _books;

    /// <summary>The books; opens them where they are not, and takes in what was joined since.</summary>
    /// <returns>Null where the node belongs to no network, they cannot be opened, or it takes too long.</returns>
    /// <exception cref="OperationCanceledException">Who asks waits no longer; they are opened all the same.</exception>
    public ValueTask<CreditBooks?> ReadyAsync(CancellationToken cancellation = default) =>
        ReferenceEquals(_restoredOf, _networks.Joined) ? ValueTask.FromResult(_books) : new ValueTask<CreditBooks?>(OpenInTimeAsync(cancellation));

    private async Task<CreditBooks?> OpenInTimeAsync(CancellationToken cancellation)
    {
        await Task.WhenAny(Opening(), Task.Delay(OpenTime, _time, cancellation));
        cancellation.ThrowIfCancellationRequested();
        return _books;
    }

    /// <summary>The opening under way, or a new one.</summary>
    private Task Opening()
    {
        lock (_gate)
        {
            if (_opening.IsCompleted && _time.GetUtcNow() >= _tryAgain) _opening = Task.Run(OpenLaterAsync);
            return _opening;
        }
    }

    /// <summary>At the start, opens the books that hold something; what could keep others from being opened later is found out as far as that is cheap.</summary>
    /// <exception cref="LedgerException">The database cannot be used; the message says why and what to do.</exception>
    public async Task StartAsync()
    {
        if (_networks.Joined.Count == 0) return;
        if (HoldsSomething())
        {
            await OpenAsync();
            return;
        }
        var path = _options.Current.Ledger.Path;
        if (!Directory.Exists(Path.GetDirectoryName(path))) throw new LedgerException($"The folder of ledger.path, {path}, does not exist. Make it, or set another path.");
    }

    /// <summary>Whether there is a database already. Of another machine's that is assumed: its being out of reach is to be told at the start.</summary>
    private bool HoldsSomething()
    {
        var ledger = _options.Current.Ledger;
        return ledger.Postgres.Length > 0 || File.Exists(ledger.Path);
    }

    /// <summary>Opens the books where the node belongs to a network, and takes in what is new among its networks.</summary>
    /// <exception cref="LedgerException">The database cannot be used; the message says why and what to do.</exception>
    private async Task OpenAsync()
    {
        await _turn.WaitAsync();
        try
        {
            var joined = _networks.Joined;
            var added = joined.Select(n => n.Charter.Id).Where(id => !_restored.Contains(id)).ToList();
            if (_isClosed) return;
            if (added.Count > 0)
            {
                var books = _books ?? await MakeAsync();
                await books.Fraud.RestoreAsync(added);
                await books.Standings.RestoreAsync(added);
                _restored.UnionWith(added);
                _books = books;
            }
            _restoredOf = joined;
        }
        finally
        {
            _turn.Release();
        }
        _due.Raise();
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
            await _reputation.FlushAsync(books.Store);
        }
        catch (LedgerException failed)
        {
            LogNotKept(_logger, failed.Message);
        }
    }

    private async Task<CreditBooks> MakeAsync()
    {
        var store = await Task.Run(OpenStore);
        try
        {
            var context = new BookContext { Store = store, Device = _identity.Device, Certificate = () => _identity.Certificate, Instance = _instance.Bytes, Time = _time };
            var fraud = new FraudBook(context);
            var standings = new Standings(context, fraud, OwnLine, _appointments.IsTrusted);
            var payer = new PayerBook(context, fraud, standings);
            var provider = new ProviderBook(context, fraud, standings, new ProviderOptions { Cap = _options.Current.Credit.Exposure });
            var clearing = new ClearingBook(context, fraud, _lines.TermsOf, new ClearingOptions { IsRevoked = _revocations.IsRevoked }, _places.AuthorityOf);
            payer.Spent += amount => Count(_metrics.Spent, amount);
            provider.Earned += amount => Count(_metrics.Earned, amount);
            await payer.RestoreAsync();
            await provider.RestoreAsync();
            await _reputation.RestoreAsync(store);
            return new CreditBooks(store, context, fraud, standings, payer, provider, new Outbox(context, payer, provider, standings, fraud), clearing);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private LedgerStore OpenStore()
    {
        var options = StoreOptions();
        try
        {
            return LedgerStore.Open(options, _time);
        }
        catch (ArgumentException malformed) when (options.PostgresConnectionString is not null)
        {
            // What is wrong with it is not repeated: it may be a piece of the password.
            throw new LedgerException(
                $"What ledger.postgres names ({_options.Current.Ledger.Postgres}) is no connection string of PostgreSQL. One looks like: Host=db.example.org;Database=mycel;Username=mycel;Password=…", malformed);
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

    /// <summary>What both have signed is due to the network's ledger.</summary>
    private void Count(StripedCounter counter, long amount)
    {
        counter.Add(amount);
        _due.Raise();
    }

    private long OwnLine(NetworkId network) => _lines.OwnLine(network);

    private void OnNetworks()
    {
        if (_books is not null || HoldsSomething()) _ = Opening();
    }

    private async Task OpenLaterAsync()
    {
        try
        {
            await OpenAsync();
        }
        catch (Exception error)
        {
            // What was joined is joined; nothing can be paid until the database can be used.
            lock (_gate) _tryAgain = _time.GetUtcNow() + FailurePause;
            LogNotOpened(_logger, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the books cannot be opened, so nothing can be paid or earned: {Reason}")]
    private static partial void LogNotOpened(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "what was seen of peers could not be written down: {Reason}")]
    private static partial void LogNotKept(ILogger logger, string reason);
}
