using System.Security.Cryptography;
using System.Text;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Books;

/// <summary>A network of a root that clears, and three members, with what they say to each other.</summary>
internal sealed class CreditWorld : IDisposable
{
    public const string Path = "/v1/chat/completions";

    public static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"model":"small","messages":[],"max_tokens":100}""");

    public static readonly byte[] Reply = Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Repeat("word", 100)));

    public static readonly Prices Price = new(1_000_000, 2_000_000);

    public static readonly RequestBounds Bounds = new(Body.Length, MaxTokens: 100);

    /// <summary>What a request costs of which 10 tokens are read and 50 written.</summary>
    public const long Cost = 10 + (2 * 50);

    public CreditWorld()
    {
        Root = new Party(Clock, null, 1);
        Network = NetworkId.FromPublicKey(Root.Account.PublicKey);
        A = Join(2);
        B = Join(3);
        C = Join(4);
        Members[Root.Id] = new MemberTerms { CreditLine = 10 * MicroCredits.PerCredit };
        OpenClearing();
    }

    public TestClock Clock { get; } = new();

    public NetworkId Network { get; }

    public Party Root { get; }

    public Party A { get; }

    public Party B { get; }

    public Party C { get; }

    public Dictionary<AccountId, MemberTerms> Members { get; } = [];

    public HashSet<PeerId> Revoked { get; } = [];

    public ClearingBook Clearing { get; private set; } = null!;

    public IEnumerable<Party> All => [Root, A, B, C];

    public static long Most => Price.ReserveFor(Bounds);

    public void SetLine(Party party, long line)
    {
        Members[party.Id] = new MemberTerms { CreditLine = line };
        party.Line = line;
    }

    public void OpenClearing() => Clearing = new ClearingBook(
        Root.Context, Root.Fraud, (network, account) => network == Network ? Members.GetValueOrDefault(account) : null, new ClearingOptions { IsRevoked = (_, device) => Revoked.Contains(device) });

    public OrderRequest Request(Party provider) => new()
    {
        Network = Network,
        Provider = provider.Certificate,
        ProviderInstance = provider.Instance,
        Model = "small",
        Prices = Price,
        Bounds = Bounds,
        RequestHash = Order.HashRequest(Path, Body),
    };

    public AcceptRequest Asked(Party payer, OpenOrder open) => Asked(payer, open.Bytes, open.Standing);

    public AcceptRequest Asked(Party payer, ReadOnlyMemory<byte> order, ReadOnlyMemory<byte> standing = default) => new()
    {
        Order = order,
        Standing = standing,
        Payer = payer.Certificate,
        Terms = Members.GetValueOrDefault(payer.Id),
        Network = Network,
        Model = "small",
        Prices = [Price],
        Bounds = Bounds,
        RequestHash = Order.HashRequest(Path, Body),
    };

    public Delivered Work(long prompt = 10, long completion = 50, byte[]? reply = null) => new()
    {
        PromptTokens = prompt,
        CompletionTokens = completion,
        ReplyHash = SHA256.HashData(reply ?? Reply),
        ReplyBytes = (reply ?? Reply).Length,
        FinishReason = "stop",
        StartedAt = Clock.Now,
        FinishedAt = Clock.Now,
    };

    public static Observed Seen(long? prompt = 10, long? completion = 50, byte[]? reply = null, bool isWhole = true, long? events = null) => new()
    {
        IsWhole = isWhole,
        ReplyBytes = (reply ?? Reply).Length,
        ReplyHash = SHA256.HashData(reply ?? Reply),
        PromptTokens = prompt,
        CompletionTokens = completion,
        OutputEvents = events,
    };

    public OpenOrder Open(Party payer, Party provider)
    {
        OpenOrder? order = payer.Payer.TryOpen(Request(provider), out CreditRefusal? refusal);
        Assert.True(order is not null, refusal?.Message);
        return order;
    }

    public AcceptedOrder Accept(Party payer, Party provider, OpenOrder open)
    {
        AcceptedOrder? accepted = provider.Provider.TryAccept(Asked(payer, open), out CreditRefusal? refusal);
        Assert.True(accepted is not null, refusal?.Message);
        return accepted;
    }

    /// <summary>A request served and settled between the two, but not cleared yet.</summary>
    public async Task<OrderId> ServeAsync(Party payer, Party provider, long prompt = 10, long completion = 50)
    {
        OpenOrder open = Open(payer, provider);
        AcceptedOrder accepted = Accept(payer, provider, open);
        FinishedOrder finished = provider.Provider.Finish(accepted, Work(prompt, completion))!;
        Countersigned signed = await payer.Payer.CountersignAsync(open, finished.Receipt, Seen(prompt, completion));
        Assert.True(signed.Refusal is null, signed.Refusal?.Message);
        await provider.Provider.TakeAsync(open.Id, signed.Countersignature);
        await payer.Payer.AcknowledgeAsync(open.Id);
        return open.Id;
    }

    /// <summary>What stands open between two nodes is settled, as it is when they are linked again.</summary>
    public static async Task LinkAsync(Party one, Party other)
    {
        foreach ((Party from, Party to) in new[] { (one, other), (other, one) })
        {
            SettleBatch batch = await from.Outbox.DueToPeerAsync(to.Device.PeerId);
            foreach (ReceiptRecord claim in batch.Claims)
            {
                Countersigned answer = await to.Payer.CountersignLaterAsync(claim.Bytes);
                if (answer.Refusal is null) await from.Provider.TakeAsync(claim.Id, answer.Countersignature);
                else if (answer.Refusal.Code != CreditCodes.NotYet) await from.Provider.RefusedAsync(claim.Id, answer.Refusal.Message);
            }

            foreach (ReceiptRecord settled in batch.Settled)
            {
                await to.Provider.TakeSettledAsync(settled.Bytes);
                await from.Payer.AcknowledgeAsync(settled.Id);
            }
        }
    }

    /// <summary>A member submits what it has to, until nothing is due.</summary>
    public async Task<ClearingNews?> ClearAsync(Party party)
    {
        ClearingNews? last = null;
        for (int i = 0; i < 100; i++)
        {
            Clock.Now += TimeSpan.FromSeconds(3);
            ClearBatch? batch = await party.Outbox.NextClearAsync(Network);
            if (batch is null) return last;
            ClearingReply reply = await Clearing.SubmitAsync(Network, party.Certificate, batch.Receipts, batch.KnownProofs, batch.KnownEntries);
            ClearingNews news = await party.Outbox.ApplyAsync(batch, reply);
            last = last is null ? news : news with { Warning = last.Warning ?? news.Warning, Frauds = [.. last.Frauds, .. news.Frauds], Posted = last.Posted + news.Posted, Refused = last.Refused + news.Refused };
        }

        Assert.Fail("The outbox never ends.");
        return null;
    }

    /// <summary>A standing of now, also where none is due.</summary>
    public Task RefreshAsync(Party party) => RefreshedAsync(party);

    /// <summary>The same, with what it brought.</summary>
    public async Task<ClearingNews?> RefreshedAsync(Party party)
    {
        Clock.Now += TimeSpan.FromHours(4);
        return await ClearAsync(party);
    }

    public async Task<long> BalanceAsync(Party party) => (await Root.Store.FindAccountAsync(Network, party.Id))?.Balance ?? 0;

    /// <summary>What must hold whenever nothing is on its way.</summary>
    public async Task CheckAsync()
    {
        long sum = 0;
        foreach (Party party in All)
        {
            long balance = await BalanceAsync(party);
            sum += balance;
            Assert.True(balance >= -(Members.GetValueOrDefault(party.Id)?.CreditLine ?? 0), $"The balance {balance} is below the line.");
        }

        Assert.Equal(0, sum);
    }

    public void Dispose()
    {
        foreach (Party party in All) party.Dispose();
    }

    private Party Join(byte seed)
    {
        var party = new Party(Clock, Network, seed);
        SetLine(party, 10 * MicroCredits.PerCredit);
        return party;
    }
}
