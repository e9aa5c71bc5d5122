namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>A node: its device, its database, and, while it lives, its memory.</summary>
internal sealed class SimNode : IDisposable
{
    private readonly SimWorld _world;
    private readonly List<(Prices Prices, long Until)> _former = [];

    public SimNode(SimWorld world, int number, SimDevice device, SimDatabase database, bool clears)
    {
        _world = world;
        Number = number;
        Device = device;
        Database = database;
        Clears = clears;
        Clock = new SimClock(world.Scheduler, TimeSpan.FromMilliseconds(world.Random.Between(-5_000, 5_000)));
        Prices = new Prices(world.Random.Between(0, world.Setting.Price), world.Random.Between(1, world.Setting.Price));
    }

    /// <summary>The one model that everyone offers.</summary>
    public const string Model = "model";

    /// <summary>Where requests go.</summary>
    public const string Path = "/v1/chat/completions";

    /// <summary>Where it lives.</summary>
    public SimWorld World => _world;

    public int Number { get; }

    public SimDevice Device { get; }

    public SimAccount Account => Device.Account;

    public SimDatabase Database { get; }

    /// <summary>Whether it keeps the network's ledger.</summary>
    public bool Clears { get; }

    /// <summary>How it cheats; none for a node that keeps to the rules.</summary>
    public Cheat Cheat { get; set; }

    public bool IsHonest => Account.IsHonest;

    public SimClock Clock { get; }

    /// <summary>Counts its lives from 1 on; 0 before the first.</summary>
    public int Life { get; private set; }

    /// <summary>Names its life, as its greetings do; the last one's where it is dead.</summary>
    public byte[] Instance { get; private set; } = new byte[16];

    /// <summary>What it says its model costs.</summary>
    public Prices Prices { get; private set; }

    /// <summary>Whether an order pays what the model costs, or cost a minute ago.</summary>
    public bool Honours(Prices offered)
        => Prices.IsMetBy(offered) || _former.Exists(former => former.Until >= _world.Scheduler.NowMicroseconds && former.Prices.IsMetBy(offered));

    /// <summary>Sets a new price.</summary>
    public void SetPrices(Prices prices)
    {
        _former.Add((Prices, _world.Scheduler.NowMicroseconds + 60_000_000));
        Prices = prices;
        Memory?.Prices.Set(Model, prices);
    }

    /// <summary>What it knows; null while it is dead.</summary>
    public NodeMemory? Memory { get; private set; }

    public bool IsAlive => Memory is not null;

    /// <summary>Whether it ever came back with an older copy of its database.</summary>
    public bool WasRolledBack { get; set; }

    /// <summary>Starts: reads what is in the database.</summary>
    public void Start()
    {
        if (IsAlive) return;
        Life++;
        Instance = _world.Random.Bytes(16);
        Database.Reopen();
        var store = new SimStore(Number, Database, _world.Scheduler, _world.Random.Fork(), _world.Plan.Faults, _world.Trace, _world.Checker, _world.Plan.Sabotage) { IsHealed = _world.Network.IsHealed };
        Memory = new NodeMemory(_world, this, store);
        _world.Note("start", Number, Life);
        _world.Go(this, Memory.RestoreAsync);
    }

    /// <summary>Dies at once: memory is gone, and what was not committed.</summary>
    public void Kill()
    {
        if (Memory is not { } memory) return;
        Memory = null;
        memory.Store.Die();
        _world.Checker.Died(this);
        _world.Note("kill", Number, Life);
    }

    public void Dispose()
    {
        Device.Dispose();
        Database.Dispose();
    }
}
