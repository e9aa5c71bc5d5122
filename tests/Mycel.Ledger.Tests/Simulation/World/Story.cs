namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What happens in a world: orders among all sorts of trouble, then peace, until all books are settled.</summary>
internal sealed class Story(SimWorld world)
{
    private const long Second = 1_000_000;
    private const long QuietAfter = 60 * Second;
    private const long PeaceAtMost = 8 * 3600 * Second;
    private const long MostSteps = 20_000_000;

    private readonly SimRandom _random = world.Random.Fork();
    private int _opened;

    private Faults Faults => world.Plan.Faults;

    /// <summary>Plays it to its end.</summary>
    /// <exception cref="SimFailure">A rule was broken.</exception>
    public void Play()
    {
        foreach (SimNode node in world.Nodes)
        {
            node.Start();
            Tick(node, world.Setting.SettleMicroseconds, static memory => memory.Settles.SettleRound());
            Tick(node, world.Setting.ClearMicroseconds, static memory => memory.Settles.ClearRound());
        }

        world.Scheduler.After(Second, NextOrder);
        while (_opened < world.Plan.Orders)
            Step();
        long rest = world.Scheduler.NowMicroseconds + 30 * Second;
        while (world.Scheduler.NowMicroseconds < rest)
            Step();
        Peace();
        world.Checker.CheckEnd();
    }

    private void Step()
    {
        if (!world.Step()) throw new SimFailure("Nothing is left to happen.");
        if (world.Scheduler.Steps > MostSteps) throw new SimFailure("The world does not come to an end.");
        if (world.Failure is { } failure) throw new SimFailure(failure);
        world.Checker.AfterStep();
    }

    /// <summary>Nothing breaks any more; whoever is dead comes back, and what is open is settled.</summary>
    private void Peace()
    {
        world.Note("peace");
        world.Network.Heal();
        foreach (SimNode node in world.Nodes)
        {
            node.Start();
            node.Memory!.Store.IsHealed = true;
        }

        long until = world.Scheduler.NowMicroseconds + PeaceAtMost;
        long look = world.Scheduler.NowMicroseconds + 2 * QuietAfter;
        while (true)
        {
            Step();
            if (world.Scheduler.NowMicroseconds < look) continue;
            look = world.Scheduler.NowMicroseconds + QuietAfter;
            string? open = world.Checker.StillOpen();
            if (open is null) return;
            if (world.Scheduler.NowMicroseconds > until) throw new SimFailure($"Not settled hours after everything works again: {open}");
        }
    }

    private void Tick(SimNode node, long period, Action<NodeMemory> round)
    {
        world.Scheduler.After(_random.Between(period / 2, period), Round);

        void Round()
        {
            if (node.Memory is { IsReady: true } memory) round(memory);
            world.Scheduler.After(_random.Between(period / 2, period), Round);
        }
    }

    private void NextOrder()
    {
        if (_opened >= world.Plan.Orders) return;
        _opened++;
        Trouble();
        SimNode payer = _random.Pick(world.Nodes), provider = _random.Pick(world.Nodes);
        if (payer.Memory is { IsReady: true } memory && payer != provider) memory.Pays.Request(provider);
        else world.Count("nobody there to ask");
        world.Scheduler.After(_random.Between(1, world.Setting.PauseMicroseconds), NextOrder);
    }

    private void Trouble()
    {
        if (_random.Happens(Faults.Cut))
        {
            int first = _random.Below(world.Nodes.Count), second = _random.Below(world.Nodes.Count);
            world.Count("cuts");
            world.Note("cut", first, second);
            world.Network.Cut(first, second, cut: true);
            world.Scheduler.After(_random.Between(100_000, 300 * Second), () => world.Network.Cut(first, second, cut: false));
        }

        if (_random.Happens(Faults.Killed)) Kill(_random.Pick(world.Nodes));
        if (_random.Happens(20_000))
            _random.Pick(world.Nodes).SetPrices(new Prices(_random.Between(0, world.Setting.Price), _random.Between(1, world.Setting.Price)));
        if (_random.Happens(60_000)) Backup(_random.Pick(world.Nodes));
        if (!_random.Happens(Faults.Slept)) return;
        world.Count("sleeps");
        world.Scheduler.Sleep(_random.Pick<long>([10 * 60, 2 * 3600, 26 * 3600]) * Second);
        world.Note("slept");
    }

    private void Backup(SimNode node)
    {
        world.Note("backup", node.Number);
        world.Checker.BackedUp(node);
    }

    private void Kill(SimNode node)
    {
        if (!node.IsAlive) return;
        world.Count("kills");
        node.Kill();
        if (_random.Happens(Faults.RolledBack) && world.Checker.RollBack(node)) world.Count("rollbacks");
        world.Scheduler.After(_random.Between(1_000, 60 * Second), node.Start);
    }
}
