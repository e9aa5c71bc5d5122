using Mycel.EndToEnd.Credit.Harness;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Credit;

/// <summary>Whatever breaks off, both sides' books agree in the end.</summary>
public sealed class CrashTests
{
    [Fact]
    public async Task A_hang_up_is_billed_for_what_was_delivered()
    {
        await using var ann = await CreditCalls.StartAsync();
        await using var ben = await CreditCalls.StartAsync();
        await PeerGroup.ConnectAsync([ann, ben]);
        await using var device = await ann.AddModelAsync(ben);
        var gate = new Gate();
        device.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
        using (var leaving = new CancellationTokenSource())
        {
            var reply = await ben.BeginPaidChatAsync(device.Model, leaving.Token);
            var id = Assert.Single(reply.Headers.GetValues("X-Mycel-Receipt"));
            await using var body = await reply.Content.ReadAsStreamAsync();
            Assert.NotEqual(0, await body.ReadAsync(new byte[1024]));
            reply.Dispose();
            await leaving.CancelAsync();
            await ben.PostedAsync(id);
            await ann.PostedAsync(id);
            await CreditCalls.SettledAsync(ann, ben);
            var paid = await ben.ReceiptAsync(id);
            Assert.Equal("posted", (string)paid["state"]!);
            Assert.InRange((long)paid["amount"]!, 1, CreditCalls.ProperCost);
        }

        gate.Open();
        Assert.Equal(-(long)(await ann.CreditAsync())["balance"]!, await ben.BalanceAsync());
        await CreditCalls.MustVerifyAsync(ann, ben);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_side_that_is_killed_midway_settles_when_it_is_back(bool killsPayer)
    {
        await using var root = await CreditCalls.StartAsync();
        var ann = await CreditCalls.StartAsync();
        var ben = await CreditCalls.StartAsync();
        try
        {
            await PeerGroup.ConnectAsync([root, ann, ben]);
            await using var device = await ann.AddModelAsync(ben);
            var first = (await ben.ChatAsync(device.Model, more: CreditCalls.Bounded)).MustBe(200);
            await CreditCalls.PostedAsync([first], ben, ann);
            var gate = new Gate();
            device.OnRequest = Scripts.StreamHeldAfterFirstToken(gate);
            var reply = await ben.BeginPaidChatAsync(device.Model);
            await using (var body = await reply.Content.ReadAsStreamAsync()) Assert.NotEqual(0, await body.ReadAsync(new byte[1024]));

            if (killsPayer) ben = await AgainAsync(ben);
            else ann = await AgainAsync(ann);
            gate.Open();
            await ann.LinkedAsync(ben, CreditCalls.SettleTime);
            await ann.LinkedAsync(root, CreditCalls.SettleTime);
            await ben.LinkedAsync(root, CreditCalls.SettleTime);
            if (killsPayer) await ben.PostedAsync(Assert.Single(reply.Headers.GetValues("X-Mycel-Receipt")));

            await CreditCalls.SettledAsync([root, ann, ben], isAnswerLost: !killsPayer);
            Assert.InRange(await ann.BalanceAsync(), CreditCalls.ProperCost, 2 * CreditCalls.ProperCost);
            Assert.Equal(-await ann.BalanceAsync(), await ben.BalanceAsync());
            await CreditCalls.MustVerifyAsync(root, ann, ben);
        }
        finally
        {
            await ann.DisposeAsync();
            await ben.DisposeAsync();
        }
    }

    [Fact]
    public async Task With_the_ledger_out_of_reach_a_tab_grows_up_to_the_cap_and_settles_later()
    {
        var root = await CreditCalls.StartAsync();
        // Room for two requests at their most, and no third.
        await using var ann = await CreditCalls.StartAsync(more: ("MYCEL_CREDIT_EXPOSURE", "0.05"));
        await using var ben = await CreditCalls.StartAsync();
        try
        {
            await PeerGroup.ConnectAsync([root, ann, ben]);
            await using var device = await ann.AddModelAsync(ben);
            await CreditCalls.SettledAsync(root, ann, ben);
            var folder = root.KeepFolder();
            root.Kill();
            await root.DisposeAsync();

            var served = 0;
            Reply? last = null;
            while (served < 20 && (last = await ben.ChatAsync(device.Model, more: CreditCalls.Bounded)).Status == 200) served++;

            Assert.InRange(served, 1, 13);
            last!.MustRefuse(402, "credit_exhausted");
            root = await CreditCalls.StartAsync(folder: folder);
            await ann.LinkedAsync(root, CreditCalls.SettleTime);
            await ben.LinkedAsync(root, CreditCalls.SettleTime);
            await CreditCalls.SettledAsync(root, ann, ben);
            Assert.Equal(served * CreditCalls.ProperCost, await ann.BalanceAsync());
            var more = (await ben.ChatAsync(device.Model, more: CreditCalls.Bounded)).MustBe(200);
            await CreditCalls.PostedAsync([more], ben, ann, root);
            await CreditCalls.MustVerifyAsync(root, ann, ben);
        }
        finally
        {
            await root.DisposeAsync();
        }
    }

    /// <summary>Kills a node and starts it anew on its folder.</summary>
    private static async Task<NodeProcess> AgainAsync(NodeProcess node)
    {
        var folder = node.KeepFolder();
        node.Kill();
        await node.DisposeAsync();
        return await CreditCalls.StartAsync(folder: folder);
    }
}
