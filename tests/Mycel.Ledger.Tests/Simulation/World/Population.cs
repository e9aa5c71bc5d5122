using Mycel.Identity;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>Who lives in a world.</summary>
internal static class Population
{
    private static readonly Cheat[] Kinds = [.. Enum.GetValues<Cheat>().Where(kind => kind != Cheat.None)];

    /// <summary>Makes the accounts, the root first, and their nodes, the clearing ones first.</summary>
    public static (IReadOnlyList<SimAccount> Accounts, IReadOnlyList<SimNode> Nodes) Of(SimWorld world)
    {
        SimRandom random = world.Random;
        bool real = world.Plan.RealSignatures;
        var accounts = new List<SimAccount>();
        for (int number = 0; number < world.Setting.Accounts; number++)
        {
            long line = number == 0 ? 10_000_000 : random.Pick<long>([0, 1_000_000, 10_000_000, 10_000_000]);
            accounts.Add(new SimAccount(number, random, real, line));
        }

        var nodes = new List<SimNode>();
        SimDatabase? ledger = null, books = null;
        for (int number = 0; number < world.Setting.ClearingNodes; number++)
            Add(accounts[0], clears: true);
        foreach (SimAccount account in accounts)
        {
            int devices = (int)random.Between(account.Number == 0 ? 0 : 1, world.Setting.DevicesPerAccount);
            for (int device = 0; device < devices; device++)
                Add(account, clears: false);
        }

        for (int cheats = world.Setting.Cheats; cheats > 0; cheats--)
        {
            SimAccount cheat = accounts[(int)random.Between(1, accounts.Count - 1)];
            cheat.IsHonest = false;
            foreach (SimNode node in nodes.Where(node => node.Account == cheat))
                node.Cheat = random.Pick(Kinds);
        }

        // Who keeps the ledger and contradicts itself is no honest account, whatever its other devices do.
        accounts[0].IsHonest = !world.Setting.ClearingEquivocates;
        return (accounts, nodes);

        void Add(SimAccount account, bool clears)
        {
            var device = new SimDevice(account, random, real, $"device {nodes.Count}");
            SimDatabase? shared = clears ? ledger : world.Plan.NewPostgres is not null ? books : null;
            SimDatabase database = shared?.Share(device.Id) ?? NewDatabase(world, device.Id);
            if (clears) ledger ??= database;
            else books ??= database;
            nodes.Add(new SimNode(world, nodes.Count, device, database, clears));
        }
    }

    private static SimDatabase NewDatabase(SimWorld world, PeerId book)
    {
        var clock = new SimClock(world.Scheduler, TimeSpan.Zero);
        if (world.Plan.NewPostgres is { } make) return new PostgresDatabase(make(), book, clock);
        return world.Plan.Sqlite ? new SqliteDatabase(book, clock) : new MemoryDatabase(new MemoryLedger(world.Random.Fork(), clock, world.Plan.Sabotage));
    }
}
