using Mycel.Identity;
using Mycel.Identity.Networks;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>
/// A network of nodes in one thread: real books over simulated time, network, databases and deaths. All of it follows from the seed: run again it
/// takes the same course, event for event.
/// </summary>
internal sealed class SimWorld : IDisposable
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly SimContext _context;

    private SimWorld(SimPlan plan, SimContext context, bool keepTrace)
    {
        _context = context;
        Plan = plan;
        Random = new SimRandom(plan.Seed);
        Setting = SimSetting.Of(Random, plan.IsSlow);
        Scheduler = new Scheduler();
        Trace = new Trace(keepTrace);
        Network = new SimNetwork(Scheduler, Random.Fork(), plan.Faults, Trace);
        Checker = new Checker(this);
        (Accounts, Nodes) = Population.Of(this);
    }

    public SimPlan Plan { get; }

    public SimSetting Setting { get; }

    public SimRandom Random { get; }

    public Scheduler Scheduler { get; }

    public Trace Trace { get; }

    public SimNetwork Network { get; }

    public Checker Checker { get; }

    /// <summary>The root account first.</summary>
    public IReadOnlyList<SimAccount> Accounts { get; }

    /// <summary>The clearing nodes first.</summary>
    public IReadOnlyList<SimNode> Nodes { get; }

    public NetworkId NetworkId => NetworkId.FromPublicKey(Accounts[0].Key.PublicKey);

    /// <summary>What broke a rule, the first time.</summary>
    public string? Failure { get; private set; }

    /// <summary>Runs a seed to its end.</summary>
    public static SimResult Run(SimPlan plan, bool keepTrace = false)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        var context = new SimContext();
        SynchronizationContext.SetSynchronizationContext(context);
        using var world = new SimWorld(plan, context, keepTrace);
        try
        {
            new Story(world).Play();
        }
        catch (SimFailure failure)
        {
            world.Failure ??= failure.Message;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            world.Failure ??= failure.ToString();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        return new SimResult
        {
            Seed = plan.Seed,
            Failure = world.Failure,
            Hash = world.Trace.Hash,
            Trace = world.Trace.Tail(),
            Steps = world.Scheduler.Steps,
            Counts = world._counts,
        };
    }

    /// <summary>Lets the next event happen, with all that comes of it at once.</summary>
    public bool Step()
    {
        bool any = Scheduler.Step();
        _context.Drain();
        return any;
    }

    /// <summary>Counts something for the report.</summary>
    public void Count(string what, long by = 1) => _counts[what] = _counts.GetValueOrDefault(what) + by;

    /// <summary>Notes an event of the story.</summary>
    public void Note(string what, long first = 0, long second = 0, long third = 0) => Trace.Add(Scheduler.NowMicroseconds, what, first, second, third);

    /// <summary>Lets a node begin some work, which it goes on with as its commits complete. What goes wrong in it is a failure of the world.</summary>
    public void Go(SimNode node, Func<Task> work)
    {
        _ = Run();

        async Task Run()
        {
            try
            {
                await work();
            }
            catch (LedgerException)
            {
                // The disk failed: whoever asked gets no answer, and asks again.
                Count("work lost to the disk");
            }
            catch (Exception wrong) when (wrong is not OutOfMemoryException)
            {
                Failure ??= wrong is SimFailure ? wrong.Message : $"Node {node.Number}: {wrong}";
            }
        }
    }

    /// <summary>
    /// Asks a node across the network. <paramref name="answer"/> happens once: with what it answered, or with null where nothing came in time. It
    /// does not happen where the asker died meanwhile. What <c>isNone</c> holds for counts as no answer, because the right one may still come.
    /// </summary>
    public void Ask<T>(SimNode from, SimNode to, string what, long patienceMicroseconds, Func<NodeMemory, Task<T?>> handle, Action<T?> answer, Func<T, bool>? isNone = null)
        where T : class
    {
        NodeMemory asker = from.Memory ?? throw new InvalidOperationException("The dead do not ask.");
        bool isAnswered = false;
        Network.Send(from.Number, to.Number, what, () =>
        {
            if (to.Memory is not { IsReady: true } asked) return;
            Go(to, async () =>
            {
                T? reply = await handle(asked);
                if (reply is null || to.Memory != asked) return;
                Network.Send(to.Number, from.Number, what + " answered", () => Answer(reply));
            });
        });
        Scheduler.After(patienceMicroseconds, () => Answer(null));

        void Answer(T? reply)
        {
            if (isAnswered || from.Memory != asker || (reply is not null && isNone?.Invoke(reply) == true)) return;
            isAnswered = true;
            answer(reply);
        }
    }

    /// <summary>What a member may do, as everyone knows it.</summary>
    public MemberTerms? TermsOf(AccountId account)
    {
        foreach (SimAccount one in Accounts)
        {
            if (one.Id == account) return one.Terms;
        }

        return null;
    }

    public void Dispose()
    {
        foreach (SimNode node in Nodes)
            node.Dispose();
        foreach (SimAccount account in Accounts)
            account.Dispose();
    }
}
