using Mycel.EndToEnd.Credit.Harness;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Credit;

/// <summary>What credit does not allow is refused before anything is sent or computed.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task A_guest_without_a_line_has_to_earn_first()
    {
        await using var ann = await CreditCalls.StartAsync();
        await using var ben = await CreditCalls.StartAsync();
        await ann.CreateNetworkAsync();
        var token = (string)(await ann.TellAsync("/v1/node/invites", new { credit_line = 0 })).MustBe(201).Json["token"]!;
        await ben.JoinAsync(token);
        await using var anns = await ann.AddModelAsync(ben);
        await using var bens = await ben.AddModelAsync(ann);

        (await ben.ChatAsync(anns.Model, more: CreditCalls.Bounded)).MustRefuse(402, "insufficient_credit");
        Assert.Empty(anns.Requests);

        // Enough for one more request of Ben's.
        var earned = new List<Reply>();
        for (var i = 0; i < 12; i++) earned.Add((await ann.ChatAsync(bens.Model, more: CreditCalls.Bounded)).MustBe(200));
        await CreditCalls.PostedAsync(earned, ann, ben);
        var spent = (await ben.ChatAsync(anns.Model, more: CreditCalls.Bounded)).MustBe(200);
        await CreditCalls.PostedAsync([spent], ben, ann);
        Assert.Equal(11 * CreditCalls.ProperCost, await ben.BalanceAsync());
    }

    [Fact]
    public async Task A_budget_ends_where_it_is_set_to()
    {
        await using var ann = await CreditCalls.StartAsync();
        await using var ben = await CreditCalls.StartAsync();
        await PeerGroup.ConnectAsync([ann, ben]);
        await using var device = await ann.AddModelAsync(ben);
        var made = await ben.TellAsync("/v1/node/keys", new { name = "guest", budget = "0.044/day" });
        var key = (string)made.MustBe(201).Json["secret"]!;

        for (var i = 0; i < 2; i++)
        {
            var paid = (await ben.ChatAsync(device.Model, false, CreditCalls.Bounded, ("Authorization", $"Bearer {key}"))).MustBe(200);
            await CreditCalls.PostedAsync([paid], ben, ann);
        }

        // What the third may come to at most no longer fits beside what the two have cost.
        (await ben.ChatAsync(device.Model, false, CreditCalls.Bounded, ("Authorization", $"Bearer {key}"))).MustRefuse(402, "budget_exceeded");

        Assert.Equal(2, device.Requests.Count);
        Assert.All(await ben.HistoryAsync("key=guest"), receipt => Assert.Equal("guest", (string?)receipt["key"]));
    }

    [Fact]
    public async Task A_free_model_needs_no_credit_and_leaves_no_receipt()
    {
        await using var ann = await CreditCalls.StartAsync(price: "free");
        await using var ben = await CreditCalls.StartAsync();
        await PeerGroup.ConnectAsync([ann, ben]);
        await using var device = await ann.AddModelAsync(ben);

        var reply = (await ben.ChatAsync(device.Model)).MustBe(200);

        Assert.Null(reply["X-Mycel-Receipt"]);
        Assert.Empty(await ben.HistoryAsync());
    }

    [Fact]
    public async Task Where_credit_is_short_a_free_offer_of_the_same_model_still_serves()
    {
        await using var ann = await CreditCalls.StartAsync(price: "100000/100000");
        await using var ben = await CreditCalls.StartAsync();
        await using var cleo = await CreditCalls.StartAsync(price: "free");
        await PeerGroup.ConnectAsync([ann, ben, cleo]);
        await using var dear = await ann.AddModelAsync(ben);
        await using var free = FaultyDevice.Start(dear.Model);
        free.OnRequest = Scripts.Proper;
        await cleo.AddRelayAsync(free);
        await ben.OfferedAsync(dear.Model, 2);

        for (var i = 0; i < 4; i++) (await ben.ChatAsync(dear.Model)).MustBe(200);

        Assert.Empty(dear.Requests);
        Assert.Equal(4, free.Requests.Count);
    }
}
