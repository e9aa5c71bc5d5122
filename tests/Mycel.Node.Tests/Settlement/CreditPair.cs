using Microsoft.Extensions.DependencyInjection;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Ledger;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Configuration;
using Mycel.Node.Execution;
using Mycel.Node.Hosting;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Observability;
using Mycel.Node.Settlement;
using Mycel.Node.Tests.Networks;

namespace Mycel.Node.Tests.Settlement;

/// <summary>Two accounts' nodes in one network, linked; the host offers a model, and the guest asks for it. Both have books, but nothing settles by itself.</summary>
internal sealed class CreditPair : IAsyncDisposable
{
    public const string Model = "small";

    public static readonly ModelPrice Price = new(1_000_000, 1_000_000);

    private CreditPair(NetworkNode host, NetworkNode guest) => (Host, Guest) = (host, guest);

    public NetworkNode Host { get; }

    public NetworkNode Guest { get; }

    public NetworkId Network => Host.Registry.Joined[0].Charter.Id;

    public Link Link => Guest.Links.Find(Host.Id)!;

    /// <param name="price">What the model costs.</param>
    /// <param name="serve">Answers the host's requests; null where none comes.</param>
    public static async Task<CreditPair> StartAsync(ModelPrice price, Func<InboundStream, Task>? serve = null)
    {
        var host = await new NetworkNode("host", more: (services, node) =>
        {
            AddBooks(services, node);
            if (serve is not null) services.AddSingleton<IStreamHandler>(new Serving(serve));
        }).StartAsync();
        await host.Registry.CreateAsync("friends", isPublic: false);
        var guest = await new NetworkNode("guest", more: AddBooks).StartAsync();
        await guest.JoinAsync(host.Invite(new MemberTerms { CreditLine = 10 * CreditAmount.One }));
        var pair = new CreditPair(host, guest);
        var offer = Records.Offer(Model, pair.Network);
        (offer.FreeSlots, offer.PromptPrice, offer.CompletionPrice) = (offer.Slots, price.Prompt, price.Completion);
        host.Models.Set(offer);
        await pair.OfferedAsync();
        return pair;
    }

    /// <summary>Waits until the guest knows the host's model.</summary>
    public Task OfferedAsync() => Until.TrueAsync(
        () => Guest.Peers.Find(Host.Id) is { IsGreeted: true, Record.Models: [{ Name: Model }] } && Host.Serves(Guest) && Guest.Links.Find(Host.Id) is not null, "the model's being offered");

    /// <summary>Opens a node's books; what its ledger says is known.</summary>
    public static async Task<CreditBooks> OpenAsync(NetworkNode node)
    {
        var books = await node.Get<CreditRoom>().ReadyAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(books);
        await node.Get<ClearingRound>().RunAsync(books, TestContext.Current.CancellationToken);
        return books;
    }

    /// <summary>The host, as the guest asks it.</summary>
    /// <param name="desk">Who orders; null for the guest's own.</param>
    public Offer OfferOf(PayingDesk? desk = null)
    {
        using var backends = new PeerBackends(Guest.Peers, Guest.Links, TimeProvider.System, desk ?? Guest.Get<PayingDesk>());
        backends.Read();
        return new Offer(Assert.Single(backends.Linked), Model, new RouteMetrics("peer:host", Model), place: OfferPlace.Peer);
    }

    /// <summary>What a request is measured by on both sides.</summary>
    public static RequestBounds Bounds { get; } = PriceTable.BoundsOf(100, 10, null, 1, isEmbedding: false);

    /// <summary>Orders on the guest.</summary>
    public ValueTask<(PaidRequest? Paid, CreditRefusal? Refusal)> OrderAsync(Purse? purse = null) =>
        Guest.Get<PayingDesk>().OpenAsync(new PricedRequest(Link, Network, Model, Price, Bounds, new byte[32], purse), TestContext.Current.CancellationToken);

    public static BackendCall Call()
    {
        var body = """{"model":"small","stream":true,"max_tokens":10,"messages":[]}"""u8.ToArray();
        return new BackendCall
        {
            Kind = InferenceKind.Chat,
            RequestId = "req-1",
            Headers = default,
            Document = RequestScanner.Scan(InferenceKind.Chat, body, out _)!,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await Guest.DisposeAsync();
        await Host.DisposeAsync();
    }

    private static void AddBooks(IServiceCollection services, NetworkNode node)
    {
        node.Options.Current = node.Options.Current with { Ledger = new LedgerOptions { Path = Path.Combine(node.Folder, "ledger.db") } };
        services.AddSingleton(provider => new SecretStore(node.Folder, node.Identity.Device, provider.GetRequiredService<TimeProvider>()));
        services.AddCredit();
    }

    private sealed class Serving(Func<InboundStream, Task> serve) : IStreamHandler
    {
        public Kind Kind => Kind.Inference;

        public Task HandleAsync(InboundStream stream) => serve(stream);
    }
}
