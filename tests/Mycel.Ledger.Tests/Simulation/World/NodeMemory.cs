using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Ledger.Books;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What a node knows while it lives: its books, read from its database, and what goes on around them.</summary>
internal sealed class NodeMemory
{
    private readonly SimWorld _world;
    private readonly SimNode _node;
    private readonly FraudBook _fraud;

    public NodeMemory(SimWorld world, SimNode node, SimStore store)
    {
        _world = world;
        _node = node;
        Store = store;
        Random = world.Random.Fork();
        SimRandom random = world.Random.Fork();
        var context = new BookContext
        {
            Store = store,
            Device = node.Device.Key,
            Certificate = () => node.Device.Certificate,
            Instance = node.Instance,
            Time = node.Clock,
            Random = random.Fill,
        };
        _fraud = new FraudBook(context);
        Standings = new Standings(context, _fraud, _ => node.Account.Terms.CreditLine);
        Payer = new PayerBook(context, _fraud, Standings);
        Provider = new ProviderBook(context, _fraud, Standings, new ProviderOptions { Cap = world.Plan.Sabotage == Sabotage.NoCap ? MicroCredits.Max : world.Setting.Cap });
        Outbox = new Outbox(context, Payer, Provider, Standings, _fraud);
        Prices = new PriceList(node.Clock);
        Prices.Set(SimNode.Model, node.Prices);
        if (node.Clears) Clearing = new ClearingBook(context, _fraud, TermsOf);
        Pays = new PayerShell(world, node, this);
        Provides = new ProviderShell(world, node, this);
        Settles = new SettleShell(world, node, this);
        Cheats = new CheatShell(world, node, this);
    }

    public SimStore Store { get; }

    public SimRandom Random { get; }

    public Standings Standings { get; }

    public PayerBook Payer { get; }

    public ProviderBook Provider { get; }

    public Outbox Outbox { get; }

    /// <summary>The network's ledger; null where this node does not keep it.</summary>
    public ClearingBook? Clearing { get; }

    public PriceList Prices { get; }

    public PayerShell Pays { get; }

    public ProviderShell Provides { get; }

    public SettleShell Settles { get; }

    public CheatShell Cheats { get; }

    /// <summary>Whether it has read its database and answers.</summary>
    public bool IsReady { get; private set; }

    public bool IsRefused(AccountId account) => _fraud.IsRefused(_world.NetworkId, account);

    /// <summary>Reads its database.</summary>
    public async Task RestoreAsync()
    {
        NetworkId[] networks = [_world.NetworkId];
        await _fraud.RestoreAsync(networks);
        await Standings.RestoreAsync(networks);
        await Payer.RestoreAsync();
        await Provider.RestoreAsync();
        IsReady = true;
        _world.Checker.Restored(_node);
    }

    private MemberTerms? TermsOf(NetworkId network, AccountId account) => network == _world.NetworkId ? _world.TermsOf(account) : null;
}
