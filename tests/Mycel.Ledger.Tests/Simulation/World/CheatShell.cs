using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What a cheat does otherwise than an honest node, wherever it can; an honest node's changes nothing.</summary>
internal sealed class CheatShell(SimWorld world, SimNode node, NodeMemory memory)
{
    private const int Often = 500_000;
    private const int KeptOrders = 8;

    private readonly SimRandom _random = memory.Random;
    private readonly List<(SimNode Provider, Work Work, byte[] Order, byte[] Standing)> _sent = [];
    private readonly List<byte[]> _settled = [];
    private (long Balance, byte[] Proof)? _best;

    private Cheat Kind => _random.Happens(Often) ? node.Cheat : Cheat.None;

    /// <summary>Sends an order of its own make instead of one from its book.</summary>
    /// <returns>Whether it did.</returns>
    public bool Order(SimNode provider, Work work)
    {
        Prices prices = provider.Prices;
        long most = prices.ReserveFor(new RequestBounds(work.Body.Length, work.MaxTokens));
        byte[] nonce = node.Cheat == Cheat.None ? [] : _random.Bytes(16);
        switch (Kind)
        {
            case Cheat.Underpays:
                SendRaw(provider, work, Forger.Order(node, provider, world, nonce, work.Body, new Prices(prices.Prompt / 2, prices.Completion / 3), most));
                SendRaw(provider, work, Forger.Order(node, provider, world, _random.Bytes(16), work.Body, prices, most / 3));
                return true;
            case Cheat.ForgesOrder:
                Order forged = Forger.Order(node, provider, world, nonce, work.Body, prices, most, _random.Pick(world.Accounts.Where(one => one != provider.Account).ToList()));
                SendRaw(provider, work, forged);
                SendBytes(provider, work, forged.Id, Forger.Flip(forged.Bytes.Span, _random), []);
                return true;
            case Cheat.Overdraws:
                foreach (SimNode other in world.Nodes.Where(other => other.Account != node.Account))
                    SendRaw(other, work, Forger.Order(node, other, world, _random.Bytes(16), work.Body, other.Prices, other.Prices.ReserveFor(new RequestBounds(work.Body.Length, work.MaxTokens))));
                return true;
            case Cheat.SignsTwoOrders:
                SendRaw(provider, work, Forger.Order(node, provider, world, nonce, work.Body, prices, most));
                SendRaw(provider, work, Forger.Order(node, provider, world, nonce, work.Body, prices, most + 1));
                return true;
            default:
                return false;
        }
    }

    /// <summary>An order of its book was sent: shows it again, here and elsewhere, now and later.</summary>
    public void Sent(SimNode provider, Work work, byte[] order, byte[] standing)
    {
        if (Kind != Cheat.ReusesOrder) return;
        if (_sent.Count < KeptOrders) _sent.Add((provider, work, order, standing));
        (SimNode Provider, Work Work, byte[] Order, byte[] Standing) old = _random.Pick(_sent);
        SendBytes(old.Provider, old.Work, Ledger.Statements.Order.Parse(old.Order).Id, old.Order, old.Standing);
        SendBytes(_random.Pick(world.Nodes), work, Ledger.Statements.Order.Parse(order).Id, order, standing);
    }

    /// <summary>The countersignature that it sends to a provider; null where it sends none.</summary>
    public byte[]? Countersign(SimOrder order, byte[] receiptBytes, byte[] honest)
    {
        if (node.Cheat == Cheat.None) return honest;
        Receipt receipt = Ledger.Statements.Receipt.Parse(receiptBytes);
        switch (Kind)
        {
            case Cheat.NeverSigns:
                return null;
            case Cheat.SignsLess:
                return Ledger.Statements.Countersignature.Issue(node.Device.Key, order.Signed, receipt, receipt.PromptTokens / 2, receipt.CompletionTokens / 2, node.Clock.GetUtcNow()).Bytes.ToArray();
            case Cheat.SignsTwice:
                byte[] nothing = Ledger.Statements.Countersignature.Issue(node.Device.Key, order.Signed, receipt, 0, 0, node.Clock.GetUtcNow()).Bytes.ToArray();
                Submit(Forger.Settled(order.Signed.Bytes.Span, receiptBytes, nothing, node, order.Provider));
                return honest;
            default:
                return honest;
        }
    }

    /// <summary>Whether it leaves a receipt unsigned that a provider shows later.</summary>
    public bool Ignores() => Kind == Cheat.NeverSigns;

    /// <summary>Whether it takes an order on and does nothing.</summary>
    public bool Vanishes() => Kind == Cheat.Vanishes;

    /// <summary>The tokens that it claims.</summary>
    public (long Prompt, long Completion) Claim(long prompt, long completion) => Kind == Cheat.Inflates ? (prompt * 3, completion * 10) : (prompt, completion);

    /// <summary>The receipt that it sends.</summary>
    public byte[] Receipt(Order order, byte[] honest)
    {
        if (node.Cheat == Cheat.None || honest.Length == 0) return honest;
        Receipt claim = Ledger.Statements.Receipt.Parse(honest);
        switch (Kind)
        {
            case Cheat.Miscounts:
                return Forger.Receipt(node.Device.Key, order, honest, claim.PromptTokens, claim.CompletionTokens, claim.Amount + _random.Between(1, 1_000_000));
            case Cheat.ClaimsTwice:
                return Forger.Receipt(node.Device.Key, order, honest, claim.PromptTokens, 0, order.Prices.AmountFor(claim.PromptTokens, 0));
            case Cheat.ForgesReceipts:
                return Forger.Flip(honest, _random);
            default:
                return honest;
        }
    }

    /// <summary>Another round of handing in receipts: adds some that the ledger must not take.</summary>
    public void Round(IReadOnlyList<ReadOnlyMemory<byte>> honest)
    {
        if (node.Cheat == Cheat.None) return;
        foreach (ReadOnlyMemory<byte> one in honest)
        {
            if (_settled.Count < KeptOrders) _settled.Add(one.ToArray());
        }

        switch (Kind)
        {
            case Cheat.Replays when _settled.Count > 0:
                Submit(_random.Pick(_settled));
                break;
            case Cheat.ForgesReceipts when _settled.Count > 0:
                Submit(Forger.Flip(_random.Pick(_settled), _random));
                SubmitForged(SettledReceipt.Parse(_random.Pick(_settled)));
                break;
            case Cheat.PaysItself:
                PayItself();
                break;
            case Cheat.RollsBack:
                if (_random.Happens(100_000)) world.Scheduler.After(1, RollBack);
                break;
            default:
                break;
        }
    }

    // The countersignature is the cheat's own, over what it claims besides.
    private void SubmitForged(SettledReceipt settled)
    {
        if (settled.Receipt is null || world.Nodes.FirstOrDefault(one => one.Device.Id == settled.Order.PayerDevice) is not { } payer) return;
        long tokens = settled.Receipt.CompletionTokens * 2;
        long amount = settled.Order.Prices.AmountFor(settled.Receipt.PromptTokens, tokens);
        byte[] receipt = Forger.Receipt(node.Device.Key, settled.Order, settled.Receipt.Bytes.Span, settled.Receipt.PromptTokens, tokens, amount);
        byte[] signature = Forger.Countersignature(node.Device.Key, Ledger.Statements.Receipt.Parse(receipt), settled.Receipt.PromptTokens, tokens, amount, node.Clock.GetUtcNow());
        Submit(Forger.Settled(settled.Order.Bytes.Span, receipt, signature, payer, node));
    }

    private void PayItself()
    {
        SimNode other = world.Nodes.FirstOrDefault(one => one != node && one.Account == node.Account) ?? node;
        byte[] order;
        try
        {
            order = Forger.Order(node, other, world, _random.Bytes(16), [], new Prices(1_000_000, 1_000_000), 1_000_000).Bytes.ToArray();
        }
        catch (Mycel.Identity.StatementException)
        {
            // Even its own program does not make such an order; another account's key is not at hand.
            world.Count("orders to oneself refused");
            return;
        }

        throw new SimFailure($"An order of node {node.Number} to its own account was made: {order.Length} bytes.");
    }

    private void RollBack()
    {
        if (node.Memory != memory) return;
        node.Kill();
        world.Checker.RollBack(node);
        world.Scheduler.After(1_000_000, node.Start);
    }

    private void SendRaw(SimNode provider, Work work, Order order)
    {
        world.Checker.Opened(new SimOrder { Id = order.Id, Payer = node, Provider = provider, MaxAmount = order.MaxAmount, Signed = order });
        SendBytes(provider, work, order.Id, order.Bytes.ToArray(), Standing(), node.Cheat == Cheat.Overdraws ? order : null);
    }

    // The one with the highest balance that it ever had, one of its own make, or none.
    private byte[] Standing()
    {
        if (memory.Standings.Own(world.NetworkId) is not { } own) return [];
        if (_best is null || own.Balance > _best.Value.Balance) _best = (own.Balance, memory.Standings.OwnProof(world.NetworkId).ToArray());
        return _random.Below(4) switch
        {
            0 => [],
            1 => Forger.SecondStanding(node, node.Account, own).Bytes.ToArray(),
            2 => Forger.Flip(_best.Value.Proof, _random),
            _ => _best.Value.Proof,
        };
    }

    private void SendBytes(SimNode provider, Work work, OrderId id, byte[] order, byte[] standing, Order? signed = null)
    {
        if (provider == node) return;
        world.Count("cheats: orders");
        var request = new RequestMessage(id, order, standing, work, static (_, _) => { });
        world.Ask(node, provider, "request", 60_000_000, asked => asked.Provides.ServeAsync(request, node), answer =>
        {
            if (answer is { Refusal: { } refusal }) world.Count("cheats refused: " + refusal.Code);
            else if (answer is not null) world.Count("cheats served");
            if (signed is not null && answer is { Receipt.Length: > 0 }) SignFor(provider, signed, answer.Receipt);
        });
    }

    // Whoever spends what it does not have signs for it gladly.
    private void SignFor(SimNode provider, Order order, byte[] receiptBytes)
    {
        if (node.Memory != memory || !provider.IsHonest) return;
        Receipt receipt = Ledger.Statements.Receipt.Parse(receiptBytes);
        byte[] signed = Ledger.Statements.Countersignature.Issue(node.Device.Key, order, receipt, receipt.PromptTokens, receipt.CompletionTokens, node.Clock.GetUtcNow()).Bytes.ToArray();
        world.Ask<BytesMessage>(node, provider, "countersignature", 60_000_000, asked => asked.Provides.TakeAsync(order.Id, signed), static _ => { });
    }

    private void Submit(byte[] settled)
    {
        world.Count("cheats: receipts");
        memory.Settles.Submit([settled], static _ => { });
    }
}
