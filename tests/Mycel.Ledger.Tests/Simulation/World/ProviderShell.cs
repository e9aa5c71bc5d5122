using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What a node does around its provider's book: takes orders on, works, signs what it did, keeps what the payers sign.</summary>
internal sealed class ProviderShell(SimWorld world, SimNode node, NodeMemory memory)
{
    private readonly SimRandom _random = memory.Random;
    private readonly Dictionary<OrderId, Job> _jobs = [];

    private ProviderBook Book => memory.Provider;

    /// <summary>Does what a request asks for; the answer comes when the work is over.</summary>
    public Task<ReplyMessage?> ServeAsync(RequestMessage request, SimNode payer)
    {
        AcceptedOrder? accepted = Book.TryAccept(Read(request, payer), out CreditRefusal? refusal);
        if (accepted is null) return Task.FromResult<ReplyMessage?>(new ReplyMessage(refusal!, 0, 0, 0, []));
        world.Count("accepted");
        var job = new Job(accepted, world.Checker.Accepted(accepted.Order, node), request, payer, node.Clock.GetUtcNow());
        _jobs[accepted.Id] = job;
        if (memory.Cheats.Vanishes()) return job.Reply.Task;
        int parts = _random.Happens(world.Plan.Faults.BrokenOff) ? _random.Below(request.Work.Parts.Count + 1) : request.Work.Parts.Count;
        Next(job, parts);
        return job.Reply.Task;
    }

    /// <summary>The caller is gone.</summary>
    public void HangUp(OrderId id)
    {
        if (_jobs.TryGetValue(id, out Job? job)) job.IsHungUp = true;
    }

    /// <summary>A payer's countersignature, with the word that it is kept; null where it is not.</summary>
    public async Task<BytesMessage?> TakeAsync(OrderId id, byte[] countersignature)
    {
        try
        {
            await Book.TakeAsync(id, countersignature);
            Taken(id);
            return new BytesMessage([]);
        }
        catch (StatementException)
        {
            world.Count("countersignatures refused");
            return null;
        }
    }

    /// <summary>The same for a whole settled receipt.</summary>
    public async Task<bool> TakeSettledAsync(OrderId id, ReadOnlyMemory<byte> settled)
    {
        try
        {
            await Book.TakeSettledAsync(settled);
            Taken(id);
            return true;
        }
        catch (StatementException)
        {
            world.Count("settled receipts refused");
            return false;
        }
    }

    private void Taken(OrderId id)
    {
        // Whoever died meanwhile tells nobody.
        if (node.Memory == memory) world.Checker.Acknowledged(id, node);
    }

    private AcceptRequest Read(RequestMessage request, SimNode payer) => new()
    {
        Order = request.Order,
        Standing = request.Standing,
        Payer = payer.Device.Certificate,
        Terms = world.TermsOf(payer.Account.Id),
        Network = world.NetworkId,
        Model = SimNode.Model,
        Prices = memory.Prices.Of(SimNode.Model),
        Bounds = new RequestBounds(request.Work.Body.Length, request.Work.MaxTokens),
        RequestHash = Order.HashRequest(SimNode.Path, request.Work.Body),
    };

    private void Next(Job job, int parts)
    {
        world.Scheduler.After(_random.Between(1_000, 2_000_000), () =>
        {
            if (node.Memory != memory) return;
            if (job.IsHungUp || job.Sent == parts)
            {
                world.Go(node, () => FinishAsync(job));
                return;
            }

            int part = job.Sent++;
            byte[] bytes = job.Request.Work.BytesOf(part);
            world.Network.Send(node.Number, job.Payer.Number, "part", () => job.Request.Progress(part, bytes));
            Next(job, parts);
        });
    }

    private async Task FinishAsync(Job job)
    {
        _jobs.Remove(job.Accepted.Id);
        byte[] all = [.. Enumerable.Range(0, job.Sent).SelectMany(job.Request.Work.BytesOf)];
        int written = job.Request.Work.Parts.Take(job.Sent).Sum();
        if (written == 0)
        {
            Book.Release(job.Accepted);
            world.Checker.Finished(job.Order, 0);
            job.Reply.SetResult(new ReplyMessage(null, 0, 0, 0, []));
            return;
        }

        (long prompt, long completion) = memory.Cheats.Claim(job.Request.Work.PromptTokens, written);
        FinishedOrder? finished = Book.Finish(job.Accepted, new Delivered
        {
            PromptTokens = prompt,
            CompletionTokens = completion,
            ReplyHash = SHA256.HashData(all),
            ReplyBytes = all.Length,
            FinishReason = job.IsHungUp ? "cancelled" : "stop",
            StartedAt = job.Began,
            FinishedAt = node.Clock.GetUtcNow(),
        });
        world.Checker.Finished(job.Order, finished?.Amount ?? 0);
        byte[] receipt = memory.Cheats.Receipt(job.Accepted.Order, finished?.Receipt.ToArray() ?? []);
        job.Reply.SetResult(new ReplyMessage(null, job.Sent, prompt, completion, receipt));
        if (finished is not null) await finished.Durable;
    }

    private sealed class Job(AcceptedOrder accepted, SimOrder order, RequestMessage request, SimNode payer, DateTimeOffset began)
    {
        public AcceptedOrder Accepted => accepted;

        public SimOrder Order => order;

        public RequestMessage Request => request;

        public SimNode Payer => payer;

        public DateTimeOffset Began => began;

        public TaskCompletionSource<ReplyMessage?> Reply { get; } = new();

        public int Sent { get; set; }

        public bool IsHungUp { get; set; }
    }
}
