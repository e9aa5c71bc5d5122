using Mycel.Identity;
using Mycel.Ledger.Books;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What a node does around its outbox: settles with peers what broke off, and hands settled receipts to a clearing node.</summary>
internal sealed class SettleShell(SimWorld world, SimNode node, NodeMemory memory)
{
    private const long PatienceMicroseconds = 60_000_000;

    private readonly Dictionary<int, StandingProof> _lastStanding = [];

    /// <summary>Settles with one peer that it can reach.</summary>
    public void SettleRound()
    {
        List<SimNode> peers = [.. world.Nodes.Where(peer => peer.Account != node.Account && !world.Network.IsCut(node.Number, peer.Number))];
        if (peers.Count > 0) SettleWith(memory.Random.Pick(peers));
    }

    /// <summary>Settles with a peer, as when a link to it comes up.</summary>
    public void SettleWith(SimNode peer) => world.Go(node, async () =>
    {
        SettleBatch batch;
        SettleCursor cursor = default;
        do
        {
            batch = await memory.Outbox.DueToPeerAsync(peer.Device.Id, cursor);
            cursor = batch.Cursor;
            if (node.Memory != memory) return;
            if (batch.Claims.Count + batch.Settled.Count > 0) Send(peer, batch);
        }
        while (batch.HasMore);
    });

    /// <summary>Hands in what is due to a clearing node, and takes its standing.</summary>
    public void ClearRound() => world.Go(node, async () =>
    {
        ClearBatch? batch = await memory.Outbox.NextClearAsync(world.NetworkId);
        if (batch is null || node.Memory != memory) return;
        world.Count("clear calls");
        memory.Cheats.Round(batch.Receipts);
        Ask(batch.Receipts, batch.KnownProofs, batch.KnownEntries, reply =>
        {
            if (reply is null) memory.Outbox.Failed(batch);
            else world.Go(node, () => TakeAsync(batch, reply));
        });
    });

    /// <summary>Hands in any receipts.</summary>
    public void Submit(IReadOnlyList<ReadOnlyMemory<byte>> receipts, Action<ClearingReply?> answer) => Ask(receipts, 0, 0, answer);

    private void Send(SimNode peer, SettleBatch batch)
    {
        world.Count("settle calls");
        world.Ask(node, peer, "settle", PatienceMicroseconds, asked => asked.Settles.AnswerAsync(batch), answer =>
        {
            if (answer is not null) world.Go(node, () => ApplyAsync(answer));
        });
    }

    private void Ask(IReadOnlyList<ReadOnlyMemory<byte>> receipts, long knownProofs, long knownEntries, Action<ClearingReply?> answer)
    {
        SimNode clearing = world.Nodes[memory.Random.Below(world.Setting.ClearingNodes)];
        world.Ask<ClearingReply>(
            node, clearing, "clear", PatienceMicroseconds, asked => asked.Settles.ClearAsync(node, receipts, knownProofs, knownEntries), answer);
    }

    private async Task<ClearingReply?> ClearAsync(SimNode member, IReadOnlyList<ReadOnlyMemory<byte>> receipts, long knownProofs, long knownEntries)
    {
        ClearingReply reply = await memory.Clearing!.SubmitAsync(world.NetworkId, member.Device.Certificate, receipts, knownProofs, knownEntries);
        if (reply.Refusal is not null) throw new SimFailure($"A member's submission was refused: {reply.Refusal.Message}");
        if (!world.Setting.ClearingEquivocates) return reply;
        if (_lastStanding.TryGetValue(member.Number, out StandingProof? last) && memory.Random.Happens(300_000))
            return reply with { Standing = Forger.SecondStanding(node, member.Account, last.Standing).Bytes };
        _lastStanding[member.Number] = StandingProof.Parse(reply.Standing.Span);
        return reply;
    }

    private async Task TakeAsync(ClearBatch batch, ClearingReply reply)
    {
        try
        {
            await memory.Outbox.ApplyAsync(batch, reply);
        }
        catch (StatementException) when (world.Setting.ClearingEquivocates)
        {
            // It was caught: nothing that it says is taken.
        }
    }

    private async Task<SettleAnswer?> AnswerAsync(SettleBatch batch)
    {
        var signed = new List<(OrderId Id, Countersigned Answer)>();
        foreach (ReceiptRecord claim in batch.Claims)
        {
            if (!memory.Cheats.Ignores()) signed.Add((claim.Id, await memory.Payer.CountersignLaterAsync(claim.Bytes)));
        }

        var kept = new List<OrderId>();
        foreach (ReceiptRecord settled in batch.Settled)
        {
            if (await memory.Provides.TakeSettledAsync(settled.Id, settled.Bytes)) kept.Add(settled.Id);
        }

        return new SettleAnswer(signed, kept);
    }

    private async Task ApplyAsync(SettleAnswer answer)
    {
        foreach ((OrderId id, Countersigned signed) in answer.Signed)
        {
            if (signed.Refusal is null) await memory.Provides.TakeSettledAsync(id, signed.Settled);
            else if (signed.Refusal.Code != CreditCodes.NotYet) await memory.Provider.RefusedAsync(id, signed.Refusal.Message);
        }

        foreach (OrderId id in answer.Kept)
            await memory.Payer.AcknowledgeAsync(id);
    }

    private sealed record SettleAnswer(IReadOnlyList<(OrderId Id, Countersigned Answer)> Signed, IReadOnlyList<OrderId> Kept);
}
