using Mycel.EndToEnd.Credit.Harness;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Ledger.Tests.Storage;

namespace Mycel.EndToEnd.Credit;

/// <summary>A network's ledger at a node that its root appointed, and at several nodes on one PostgreSQL.</summary>
public sealed class ClearingTests(PostgresServer postgres)
{
    private static readonly (string, string) Off = ("MYCEL_CREDIT_CLEARING", "off");

    [Fact]
    public async Task An_appointed_node_keeps_the_ledger_until_it_is_dismissed()
    {
        await using var root = await CreditCalls.StartAsync(more: Off);
        var keeper = await CreditCalls.StartAsync();
        await using var ann = await CreditCalls.StartAsync();
        await using var ben = await CreditCalls.StartAsync();
        try
        {
            await PeerGroup.ConnectAsync([root, keeper, ann, ben]);
            await using var device = await ann.AddModelAsync(ben);
            Assert.False((bool)(await ben.CreditAsync())["ledger_reached"]!);
            await AppointAsync(root, keeper);

            foreach (var node in new[] { root, ann, ben }) await node.ReachesLedgerAsync();
            var shown = Assert.Single((await ben.AskAsync($"/v1/node/networks/{PeerCalls.Network}"))["clearing"]!.AsArray())!;
            Assert.Equal((keeper.PeerId(), false, true), ((string)shown["id"]!, (bool)shown["is_root"]!, (bool)shown["clears"]!));
            Assert.Contains("appointed, until", (await ben.CommandAsync("network", "show", PeerCalls.Network)).Output, StringComparison.Ordinal);
            await ServeAsync(ben, ann, device.Model, 3);
            await CreditCalls.SettledAsync(root, keeper, ann, ben);

            // It is back with all that it had, also while the root is gone.
            root.Kill();
            keeper = await AgainAsync(keeper);
            foreach (var node in new[] { ann, ben }) await node.LinkedAsync(keeper, CreditCalls.SettleTime);
            await ServeAsync(ben, ann, device.Model, 2);
            await CreditCalls.SettledAsync(keeper, ann, ben);
            Assert.Equal(5 * CreditCalls.ProperCost, await ann.BalanceAsync());
            await CreditCalls.MustVerifyAsync(keeper, ann, ben);
        }
        finally
        {
            await keeper.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_dismissed_node_is_believed_no_more_and_another_takes_over()
    {
        await using var root = await CreditCalls.StartAsync(more: Off);
        await using var keeper = await CreditCalls.StartAsync();
        await using var next = await CreditCalls.StartAsync();
        await using var ann = await CreditCalls.StartAsync();
        await using var ben = await CreditCalls.StartAsync();
        await PeerGroup.ConnectAsync([root, keeper, next, ann, ben]);
        await using var device = await ann.AddModelAsync(ben);
        await AppointAsync(root, keeper);
        await ServeAsync(ben, ann, device.Model, 2);

        var dismissed = await root.CommandAsync("network", "dismiss", keeper.PeerId()[..12]);

        Assert.True(dismissed.ExitCode == 0, dismissed.All);
        foreach (var node in new[] { ann, ben, keeper }) await node.ReachesLedgerAsync(isReached: false);
        Assert.Equal("node_not_found", (string)(await root.Control.CallAsync(HttpMethod.Delete, $"/v1/node/clearing/{keeper.PeerId()}", (byte[]?)null)).MustBe(404).Json["error"]!["code"]!);

        // The new one begins with an empty ledger, which the members fill again.
        await AppointAsync(root, next);
        foreach (var node in new[] { ann, ben }) await node.ReachesLedgerAsync();
        await ServeAsync(ben, ann, device.Model, 1);
        await CreditCalls.SettledAsync(root, keeper, next, ann, ben);
        Assert.Equal(3 * CreditCalls.ProperCost, await ann.BalanceAsync());
        var ledger = Assert.Single((await next.AskAsync("/v1/node/ledger/verify"))["books"]!.AsArray(), book => (string)book!["book"]! == "ledger")!;
        Assert.Equal(3, (long)ledger["entries"]!);
        await CreditCalls.MustVerifyAsync(root, keeper, next, ann, ben);
    }

    [Fact]
    public async Task Two_nodes_on_one_PostgreSQL_keep_one_ledger_and_either_goes_on_without_the_other()
    {
        (string, string)[] shared = [("MYCEL_LEDGER_POSTGRES", "env:LEDGER_DB"), ("LEDGER_DB", postgres.NewDatabase())];
        var root = await CreditCalls.StartAsync(more: shared);
        var keeper = await CreditCalls.StartAsync(more: shared);
        await using var ann = await CreditCalls.StartAsync();
        await using var ben = await CreditCalls.StartAsync();
        try
        {
            await PeerGroup.ConnectAsync([root, keeper, ann, ben]);
            await using var device = await ann.AddModelAsync(ben, root, keeper);
            await AppointAsync(root, keeper);

            // Each of the two clears what it pays itself, and ann hands what she earned of that to one of them.
            await Task.WhenAll(new[] { root, keeper, ben }.Select(payer => ServeAsync(payer, ann, device.Model, 8)));
            await CreditCalls.SettledAsync(root, keeper, ann, ben);
            Assert.Equal(24 * CreditCalls.ProperCost, await ann.BalanceAsync());
            foreach (var payer in new[] { root, keeper, ben }) Assert.Equal(-8 * CreditCalls.ProperCost, await payer.BalanceAsync());
            await SameLedgerAsync(24, root, keeper);

            var served = 24;
            foreach (var dies in new[] { 0, 1 })
            {
                var (dying, other) = dies == 0 ? (root, keeper) : (keeper, root);
                var folder = dying.KeepFolder();
                var asked = ServeAsync(ben, ann, device.Model, 8);
                dying.Kill();
                await asked;
                served += 8;
                await dying.DisposeAsync();
                await CreditCalls.SettledAsync([other, ann, ben], isAnswerLost: false, sum: 8 * CreditCalls.ProperCost);
                Assert.Equal(served * CreditCalls.ProperCost, await ann.BalanceAsync());

                var again = await CreditCalls.StartAsync(folder: folder, more: shared);
                if (dies == 0) root = again;
                else keeper = again;
                foreach (var node in new[] { other, ann, ben }) await again.LinkedAsync(node, CreditCalls.SettleTime);
                await CreditCalls.SettledAsync(root, keeper, ann, ben);
                await SameLedgerAsync(served, root, keeper);
            }

            await CreditCalls.MustVerifyAsync(root, keeper, ann, ben);
        }
        finally
        {
            await root.DisposeAsync();
            await keeper.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_a_device_ordered_that_its_account_has_cast_out_is_not_posted()
    {
        var root = await CreditCalls.StartAsync();
        var ann = await CreditCalls.StartAsync();
        await using var ben = await CreditCalls.StartAsync();
        using var folder = new TempFolder();
        await using var stolen = await ben.StartAnotherAsync(folder);
        try
        {
            await PeerGroup.ConnectAsync([root, ann, ben, stolen]);
            await using var device = await ann.AddModelAsync(stolen);
            await CreditCalls.SettledAsync(root, ann, ben, stolen);
            var (rootFolder, annFolder) = (root.KeepFolder(), ann.KeepFolder());
            root.Kill();
            await root.DisposeAsync();
            var id = (await stolen.ChatAsync(device.Model, more: CreditCalls.Bounded)).MustBe(200)["X-Mycel-Receipt"]!;
            await Poll.UntilAsync(async () => await ann.StateAsync(id) is not (null or "receipted"), "it is countersigned", CreditCalls.SettleTime);
            ann.Kill();
            await ann.DisposeAsync();

            var revoked = await ben.CommandAsync("device", "revoke", stolen.PeerId());
            Assert.True(revoked.ExitCode == 0, revoked.All);
            root = await CreditCalls.StartAsync(folder: rootFolder);
            await ben.LinkedAsync(root, CreditCalls.SettleTime);
            await Poll.UntilAsync(() => Task.FromResult(Directory.EnumerateFiles(Path.Combine(root.DataDir, "revoked")).Any()), "the ledger's node knows", CreditCalls.SettleTime);
            ann = await CreditCalls.StartAsync(folder: annFolder);

            await Poll.UntilAsync(async () => await ann.StateAsync(id) == "refused", "the receipt is refused", CreditCalls.SettleTime);
            Assert.Contains("cast out", (string)(await ann.ReceiptAsync(id))["reason"]!, StringComparison.Ordinal);
            Assert.Equal((0, 0), (await ann.BalanceAsync(), await ben.BalanceAsync()));
            Assert.NotEqual(true, (bool?)(await root.PeerAsync(stolen.PeerId()))?["linked"]);
        }
        finally
        {
            await root.DisposeAsync();
            await ann.DisposeAsync();
        }
    }

    private static async Task AppointAsync(NodeProcess root, NodeProcess keeper)
    {
        var appointed = await root.CommandAsync("network", "appoint", keeper.PeerId()[..12], "--expires", "30d");
        Assert.True(appointed.ExitCode == 0, appointed.All);
        await Poll.UntilAsync(async () => (bool)(await keeper.CreditAsync())["clears_here"]!, "the appointed node hears of it", CreditCalls.SettleTime);
    }

    /// <summary>Has some requests served, and waits until both sides know that they are posted.</summary>
    private static async Task ServeAsync(NodeProcess payer, NodeProcess provider, string model, int count)
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => payer.ChatAsync(model, more: CreditCalls.Bounded)));
        foreach (var reply in replies)
        {
            var id = reply.MustBe(200)["X-Mycel-Receipt"]!;
            await payer.PostedAsync(id);
            await provider.PostedAsync(id);
        }
    }

    /// <summary>Both show the same whole ledger.</summary>
    private static async Task SameLedgerAsync(long entries, params IReadOnlyList<NodeProcess> nodes)
    {
        foreach (var node in nodes)
        {
            var found = await node.AskAsync("/v1/node/ledger/verify");
            Assert.True((bool)found["whole"]!, found.ToJsonString());
            Assert.Equal(entries, (long)found["books"]!.AsArray().Single(book => (string)book!["book"]! == "ledger")!["entries"]!);
            Assert.Equal(0, (await node.CommandAsync("ledger", "verify")).ExitCode);
        }
    }

    private static async Task<NodeProcess> AgainAsync(NodeProcess node)
    {
        var folder = node.KeepFolder();
        node.Kill();
        await node.DisposeAsync();
        return await CreditCalls.StartAsync(folder: folder);
    }
}
