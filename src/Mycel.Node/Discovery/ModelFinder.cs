using Mycel.Dht;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Node.Routing;

namespace Mycel.Node.Discovery;

/// <summary>
/// Finds who has a model that no linked peer has, and links with it: nodes known by their records that are not linked, and those that the table of peers names as
/// providers in this node's public networks. Safe for use from several threads.
/// </summary>
internal sealed partial class ModelFinder : IDisposable
{
    /// <summary>The longest that a search takes.</summary>
    public static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(4);

    /// <summary>Models searched for at once; a request for one more is told at once that it is not here.</summary>
    public const int MaxSearches = 16;

    /// <summary>Models remembered that were not found.</summary>
    public const int MaxMissing = 1024;

    /// <summary>How long a model that was not found is not searched for again.</summary>
    public static readonly TimeSpan MissingTime = TimeSpan.FromSeconds(15);

    private readonly PeerTable _table;
    private readonly PeerBook _peers;
    private readonly ILinks _links;
    private readonly ModelCatalog _catalog;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelFinder> _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task<bool>> _searches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _missing = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    public ModelFinder(PeerTable table, PeerBook peers, ILinks links, ModelCatalog catalog, TimeProvider time, ILogger<ModelFinder> log)
    {
        _table = table;
        _peers = peers;
        _links = links;
        _catalog = catalog;
        _time = time;
        _log = log;
    }

    /// <summary>Searches for a model; requests for the same one share a search.</summary>
    /// <param name="model">The plain name, as a request has it.</param>
    /// <param name="cancellation">Ends the waiting; the search goes on for others.</param>
    /// <returns>Whether the model can be asked for now.</returns>
    public async ValueTask<bool> FindAsync(string model, CancellationToken cancellation)
    {
        if (!ModelNames.IsPublishable(model) || Search(model) is not { } search) return false;
        try
        {
            return await search.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Looks up who has a model, and links with nobody.</summary>
    /// <param name="model">The plain name.</param>
    /// <param name="network">The public network to look in; null for all.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<FoundProviders> LookUpAsync(string model, NetworkId? network, CancellationToken cancellation)
    {
        var startedAt = _time.GetTimestamp();
        var found = new Dictionary<(PeerId, NetworkId), FoundProvider>();
        foreach (var provider in Known(model, network)) found[(provider.Peer, provider.Network)] = provider;
        NetworkId[] networks = _table.IsRunning && ModelNames.IsPublishable(model) ? [.. PublicNetworks().Where(id => network is null || id == network)] : [];
        using var limit = new CancellationTokenSource(SearchTime, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var results = await Task.WhenAll(networks.Select(id => AskAsync(id, model, null, both.Token)));
        foreach (var record in results.OfType<DhtLookupResult>().SelectMany(result => result.Records))
        {
            var key = (record.Publisher, record.Network!.Value);
            found.TryAdd(key, Of(record));
        }

        return new FoundProviders(
            [.. found.Values], results.Any(result => result is not null), results.Sum(result => result?.Questions ?? 0), results.Max(result => result?.Hops) ?? 0, _time.GetElapsedTime(startedAt));
    }

    /// <summary>The search for a model that is under way, or a new one; null where there is none to begin.</summary>
    private Task<bool>? Search(string model)
    {
        lock (_gate)
        {
            if (_searches.TryGetValue(model, out var running)) return running;
            if (_missing.TryGetValue(model, out var at) && _time.GetElapsedTime(at) < MissingTime) return null;
            if (_searches.Count >= MaxSearches || _stop.IsCancellationRequested) return null;
            FoundProvider[] known = [.. Known(model, null).Where(provider => !IsGreeted(provider.Peer))];
            if (!_table.IsRunning && known.Length == 0) return null;
            return _searches[model] = Task.Run(() => RunAsync(model, known));
        }
    }

    private async Task<bool> RunAsync(string model, FoundProvider[] known)
    {
        var isFound = false;
        var search = new ModelSearch(model, _peers, _links, _catalog, _time);
        try
        {
            using var limit = new CancellationTokenSource(SearchTime, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
            foreach (var provider in known) search.Offer(provider);
            var lookups = PublicNetworks().Select(id => AskAsync(id, model, record => search.Offer(Of(record)), both.Token));
            isFound = await search.RunAsync(Task.WhenAll(lookups), both.Token);
            // What is still being looked up is of no use any more.
            await both.CancelAsync();
            if (isFound) LogFound(_log, model, search.Dials);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogFailed(_log, error);
        }
        finally
        {
            lock (_gate)
            {
                _searches.Remove(model);
                _missing.Remove(model);
                if (!isFound && !_table.IsEntering) Miss(model);
            }
        }

        return isFound;
    }

    private void Miss(string model)
    {
        if (_missing.Count >= MaxMissing)
        {
            foreach (var old in _missing.Where(entry => _time.GetElapsedTime(entry.Value) >= MissingTime).Select(entry => entry.Key).ToArray()) _missing.Remove(old);
            if (_missing.Count >= MaxMissing) _missing.Remove(_missing.MinBy(entry => entry.Value).Key);
        }

        _missing[model] = _time.GetTimestamp();
    }

    private async Task<DhtLookupResult?> AskAsync(NetworkId network, string model, Action<DhtRecord>? found, CancellationToken cancellation)
    {
        try
        {
            return await _table.FindAsync(DhtKey.OfProviders(network, model), found, cancellation);
        }
        catch (OperationCanceledException)
        {
            // What was found until then counts.
            return null;
        }
    }

    private IEnumerable<NetworkId> PublicNetworks() => _peers.Networks.All.Select(network => network.Charter.Id).Where(_table.IsPublic);

    private bool IsGreeted(PeerId peer) => _peers.Find(peer) is { IsGreeted: true };

    /// <summary>The nodes whose records say that they have a model.</summary>
    private IEnumerable<FoundProvider> Known(string model, NetworkId? network)
    {
        foreach (var peer in _peers.All)
        {
            foreach (var offer in peer.Record?.Models.Where(offer => offer.Name == model) ?? [])
            {
                foreach (var id in offer.Networks.Select(bytes => new NetworkId(new PeerId(bytes.Span))).Where(id => peer.Networks.Contains(id) && (network is null || id == network)))
                    yield return new FoundProvider(peer.Id, id, peer.Addresses, IsFromTable: false, ExpiresAt: null);
            }
        }
    }

    private static FoundProvider Of(DhtRecord record)
        => new(record.Publisher, record.Network!.Value, [.. record.Addresses.Select(address => address.ToString())], IsFromTable: true, record.ExpiresAt);

    public void Dispose() => _stop.Cancel();

    [LoggerMessage(Level = LogLevel.Information, Message = "a node that has the model {Model} was found and linked; nodes dialled: {Dials}")]
    private static partial void LogFound(ILogger logger, string model, int dials);

    [LoggerMessage(Level = LogLevel.Error, Message = "Searching for a model failed")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

/// <summary>A node that is said to have a model.</summary>
/// <param name="Peer">The node.</param>
/// <param name="Network">The network that it has it for.</param>
/// <param name="Addresses">Where it says that it is.</param>
/// <param name="IsFromTable">Whether the table of peers named it, and not a record that this node holds.</param>
/// <param name="ExpiresAt">Until when the table's record holds; null for others.</param>
internal sealed record FoundProvider(PeerId Peer, NetworkId Network, IReadOnlyList<string> Addresses, bool IsFromTable, DateTimeOffset? ExpiresAt);

/// <summary>Who has a model.</summary>
/// <param name="Providers">The nodes, those known by their records first.</param>
/// <param name="IsTableAsked">Whether the table of peers was asked.</param>
/// <param name="Questions">Nodes of it that were asked.</param>
/// <param name="Hops">Hops to the first that knew a provider.</param>
/// <param name="Time">How long it took.</param>
internal sealed record FoundProviders(IReadOnlyList<FoundProvider> Providers, bool IsTableAsked, int Questions, int Hops, TimeSpan Time);
