using Mycel.EndToEnd.Credit.Harness;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;

namespace Mycel.EndToEnd.Credit;

/// <summary>What is paid for other things than a chat that goes well.</summary>
public sealed class ReceiptTests(PayingGroup group) : IClassFixture<PayingGroup>
{
    [Fact]
    public async Task An_embedding_is_paid_for_what_is_read()
    {
        await using var device = await group.Ann.AddModelAsync(group.Ben);
        await CreditCalls.SettledAsync(group.Nodes);
        var (ann, ben) = (await group.Ann.BalanceAsync(), await group.Ben.BalanceAsync());

        var reply = (await group.Ben.PostAsync("/v1/embeddings", $$"""{"model":"{{device.Model}}","input":"some words"}""")).MustBe(200);

        await CreditCalls.PostedAsync([reply], group.Ben, group.Ann, group.Cleo);
        var receipt = await group.Ben.ReceiptAsync(reply["X-Mycel-Receipt"]!);
        Assert.Equal((4, 0, 400), ((int)receipt["prompt_tokens"]!, (int)receipt["completion_tokens"]!, (long)receipt["amount"]!));
        Assert.Equal((ann + 400, ben - 400), (await group.Ann.BalanceAsync(), await group.Ben.BalanceAsync()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_fails_before_an_answer_earns_nothing_and_who_answers_in_its_place_does(bool stream)
    {
        await using var failing = await group.Ann.AddModelAsync(group.Ben);
        await using var sound = FaultyDevice.Start(failing.Model);
        sound.OnRequest = Scripts.Proper;
        await group.Cleo.AddRelayAsync(sound);
        await group.Ben.OfferedAsync(failing.Model, 2);
        await CreditCalls.SettledAsync(group.Nodes);
        var (ann, ben, cleo) = (await group.Ann.BalanceAsync(), await group.Ben.BalanceAsync(), await group.Cleo.BalanceAsync());
        failing.OnRequest = Scripts.Reset;

        var replies = new List<Reply>();
        // Which of the two is asked first is not settled.
        while (failing.Requests.Count == 0 && replies.Count < 20) replies.Add((await group.Ben.ChatAsync(failing.Model, stream, CreditCalls.Bounded)).MustBe(200));

        Assert.NotEmpty(failing.Requests);
        Assert.Equal("2", replies[^1]["X-Mycel-Attempts"]);
        await CreditCalls.PostedAsync(replies, group.Ben, group.Cleo, group.Ann);
        Assert.Equal(
            (ann, ben - (replies.Count * CreditCalls.ProperCost), cleo + (replies.Count * CreditCalls.ProperCost)),
            (await group.Ann.BalanceAsync(), await group.Ben.BalanceAsync(), await group.Cleo.BalanceAsync()));
        await CreditCalls.MustVerifyAsync(group.Nodes);
    }
}
