using System.Security.Cryptography;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What a node does around its payer's book: sends requests, reads answers, signs.</summary>
internal sealed class PayerShell(SimWorld world, SimNode node, NodeMemory memory)
{
    private const long PatienceMicroseconds = 90_000_000;

    private readonly SimRandom _random = memory.Random;

    private PayerBook Book => memory.Payer;

    /// <summary>Asks a provider for some work.</summary>
    public void Request(SimNode provider)
    {
        if (provider.Account == node.Account)
        {
            // Within an account nothing is ordered, signed or moved: the node does not ask its books at all.
            world.Count("work of one's own");
            return;
        }

        Work work = Work.Any(_random);
        if (memory.Cheats.Order(provider, work)) return;
        OpenOrder? open = Book.TryOpen(RequestOf(provider, work, provider.Prices), out CreditRefusal? refusal);
        if (open is null)
        {
            world.Count("not opened: " + refusal?.Code);
            return;
        }

        var order = new SimOrder { Id = open.Id, Payer = node, Provider = provider, MaxAmount = open.Order.MaxAmount, Signed = open.Order };
        world.Checker.Opened(order);
        world.Note("order", node.Number, provider.Number, order.MaxAmount);
        new Exchange(this, open, order, work).Begin(open.Bytes.ToArray(), open.Standing.ToArray());
        memory.Cheats.Sent(provider, work, open.Bytes.ToArray(), open.Standing.ToArray());
    }

    /// <summary>What it asks its book for.</summary>
    public OrderRequest RequestOf(SimNode provider, Work work, Prices prices) => new()
    {
        Network = world.NetworkId,
        Provider = provider.Device.Certificate,
        ProviderInstance = provider.Instance,
        Model = SimNode.Model,
        Prices = prices,
        Bounds = new RequestBounds(work.Body.Length, work.MaxTokens),
        RequestHash = Order.HashRequest(SimNode.Path, work.Body),
    };

    /// <summary>One request, from its order to the provider's word that it has the countersignature.</summary>
    private sealed class Exchange(PayerShell shell, OpenOrder open, SimOrder order, Work work)
    {
        private readonly SimWorld _world = order.Payer.World;
        private readonly List<byte[]> _parts = [];
        private bool _isOver;

        public void Begin(byte[] bytes, byte[] standing)
        {
            var request = new RequestMessage(open.Id, bytes, standing, work, Progress);
            _world.Ask(order.Payer, order.Provider, "request", PatienceMicroseconds, memory => memory.Provides.ServeAsync(request, order.Payer), Answered, IsOfSecond);
            if (!shell._random.Happens(_world.Plan.Faults.HungUp)) return;
            SimNode payer = order.Payer;
            NodeMemory life = payer.Memory!;
            _world.Scheduler.After(shell._random.Between(1_000, 3_000_000), () =>
            {
                if (payer.Memory == life) HangUp();
            });
        }

        private void Progress(int part, byte[] bytes)
        {
            // What comes twice, or after a gap, is none of the stream's.
            if (_isOver || part != _parts.Count) return;
            _parts.Add(bytes);
            if (part == 0) _world.Go(order.Payer, () => shell.Book.BeginAsync(open));
        }

        // Of a request that came twice the second is refused; the answer to the first may still come.
        private static bool IsOfSecond(ReplyMessage reply) => reply.Refusal?.Code == CreditCodes.OrderReplayed;

        private void HangUp()
        {
            if (_isOver) return;
            _world.Count("hang-ups");
            OrderId id = open.Id;
            _world.Network.Send(order.Payer.Number, order.Provider.Number, "hang-up", () => order.Provider.Memory?.Provides.HangUp(id));
            Abandon();
        }

        private void Abandon()
        {
            _isOver = true;
            Observed seen = See(null);
            order.Bound = BoundOf(seen);
            shell.Book.Abandon(open, seen);
        }

        private void Answered(ReplyMessage? reply)
        {
            if (_isOver) return;
            if (reply is { Refusal: { } refusal })
            {
                _isOver = true;
                _world.Count("not taken: " + refusal.Code);
                shell.Book.Release(open);
                return;
            }

            if (reply is null || reply.Parts != _parts.Count || reply.Receipt.Length == 0)
            {
                _world.Count("broken answers");
                Abandon();
                return;
            }

            _isOver = true;
            Observed seen = See(reply);
            order.Bound = BoundOf(seen);
            NodeMemory life = order.Payer.Memory!;
            _world.Go(order.Payer, () => life.Pays.SignAsync(open, order, reply.Receipt, seen));
        }

        private Observed See(ReplyMessage? whole)
        {
            byte[] all = [.. _parts.SelectMany(static part => part)];
            return new Observed
            {
                IsWhole = whole is not null,
                ReplyBytes = all.Length,
                ReplyHash = whole is null ? default : SHA256.HashData(all),
                PromptTokens = whole?.PromptTokens,
                CompletionTokens = whole?.CompletionTokens,
                OutputEvents = all.Length / Work.BytesOfEvent,
            };
        }

        private long BoundOf(Observed seen)
        {
            long prompt = Math.Min(seen.PromptTokens ?? long.MaxValue, work.Body.Length + Prices.TemplateTokens);
            long completion = Math.Min(Math.Min(seen.CompletionTokens ?? long.MaxValue, seen.ReplyBytes), (4 * seen.OutputEvents!.Value) + 16);
            return open.Order.Prices.AmountFor(prompt, completion);
        }
    }

    /// <summary>Signs for an answer, and tells the provider.</summary>
    private async Task SignAsync(OpenOrder open, SimOrder order, byte[] receipt, Observed seen)
    {
        if (world.Plan.Sabotage == Sabotage.PaysAnything) seen = seen with { PromptTokens = null, CompletionTokens = null, OutputEvents = null };
        Countersigned signed = await Book.CountersignAsync(open, receipt, seen);
        if (signed.Refusal is { } refusal)
        {
            world.Count("not signed: " + refusal.Code);
            return;
        }

        world.Count("signed");
        byte[]? countersignature = memory.Cheats.Countersign(order, receipt, signed.Countersignature.ToArray());
        if (countersignature is null) return;
        world.Ask<BytesMessage>(node, order.Provider, "countersignature", PatienceMicroseconds, asked => asked.Provides.TakeAsync(order.Id, countersignature), answer =>
        {
            if (answer is not null) world.Go(node, () => Book.AcknowledgeAsync(order.Id));
        });
    }
}
