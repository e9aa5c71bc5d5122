using Mycel.EndToEnd.Credit.Harness;
using Mycel.EndToEnd.Harness;
using Mycel.Ledger.Statements;

namespace Mycel.EndToEnd.Credit;

/// <summary>What one account earns another has spent, to the micro-credit, and what was earned at one is spent at another.</summary>
public sealed class TransferTests(PayingGroup group) : IClassFixture<PayingGroup>
{
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 64)]
    [InlineData(true, 64)]
    public async Task What_the_provider_earns_is_what_the_payer_pays(bool stream, int atOnce)
    {
        await using var device = await group.Ann.AddModelAsync(group.Ben);
        await CreditCalls.SettledAsync(group.Nodes);
        var (ann, ben, cleo) = (await group.Ann.BalanceAsync(), await group.Ben.BalanceAsync(), await group.Cleo.BalanceAsync());

        var replies = await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => group.Ben.ChatAsync(device.Model, stream, CreditCalls.Bounded)));

        foreach (var reply in replies) reply.MustBe(200);
        await CreditCalls.PostedAsync(replies, group.Ben, group.Ann, group.Cleo);
        Assert.Equal(ann + (atOnce * CreditCalls.ProperCost), await group.Ann.BalanceAsync());
        Assert.Equal(ben - (atOnce * CreditCalls.ProperCost), await group.Ben.BalanceAsync());
        Assert.Equal(cleo, await group.Cleo.BalanceAsync());
        Assert.Equal(atOnce, replies.Select(reply => reply["X-Mycel-Receipt"]).Distinct().Count());
        await CreditCalls.MustVerifyAsync(group.Nodes);
    }

    [Fact]
    public async Task What_was_earned_at_one_is_spent_at_another()
    {
        await using var anns = await group.Ann.AddModelAsync(group.Ben, group.Cleo);
        await using var cleos = await group.Cleo.AddModelAsync(group.Ann);
        var earned = (await group.Ben.ChatAsync(anns.Model, more: CreditCalls.Bounded)).MustBe(200);
        await CreditCalls.PostedAsync([earned], group.Ben, group.Ann, group.Cleo);
        var (ann, ben, cleo) = (await group.Ann.BalanceAsync(), await group.Ben.BalanceAsync(), await group.Cleo.BalanceAsync());

        var spent = (await group.Ann.ChatAsync(cleos.Model, more: CreditCalls.Bounded)).MustBe(200);

        await CreditCalls.PostedAsync([spent], group.Ann, group.Cleo, group.Ben);
        Assert.Equal(ann - CreditCalls.ProperCost, await group.Ann.BalanceAsync());
        Assert.Equal(ben, await group.Ben.BalanceAsync());
        Assert.Equal(cleo + CreditCalls.ProperCost, await group.Cleo.BalanceAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_receipt_is_named_in_the_answer_and_known_on_both_sides(bool stream)
    {
        await using var device = await group.Ann.AddModelAsync(group.Ben);
        var reply = (await group.Ben.ChatAsync(device.Model, stream, CreditCalls.Bounded)).MustBe(200);
        var id = reply["X-Mycel-Receipt"]!;
        if (stream) Assert.EndsWith($"\n\n: mycel-receipt {id}\ndata: [DONE]\n\n", reply.Text, StringComparison.Ordinal);
        await CreditCalls.PostedAsync([reply], group.Ben, group.Ann, group.Cleo);

        var (paid, earned) = (await group.Ben.ReceiptAsync(id), await group.Ann.ReceiptAsync(id));

        Assert.Equal(("paid", "posted", CreditCalls.ProperCost, device.Model), ((string)paid["side"]!, (string)paid["state"]!, (long)paid["amount"]!, (string)paid["model"]!));
        Assert.Equal(("earned", "posted", CreditCalls.ProperCost), ((string)earned["side"]!, (string)earned["state"]!, (long)earned["amount"]!));
        Assert.Equal((7, 3), ((int)earned["prompt_tokens"]!, (int)earned["completion_tokens"]!));
        var raw = await group.Ben.Control.CallAsync(HttpMethod.Get, $"/v1/receipts/{id}?format=raw", (byte[]?)null);
        SettledReceipt.Parse(raw.MustBe(200).Bytes).Verify();
        foreach (var side in new[] { group.Ben, group.Ann })
        {
            var check = await side.AskAsync($"/v1/receipts/{id}/verify");
            Assert.Equal((true, true), ((bool)check["holds"]!, (bool)check["settled"]!));
            Assert.Equal(["order", "devices", "receipt", "countersignature", "book"], check["checks"]!.AsArray().Select(one => (string)one!["check"]!));
        }
        (await group.Cleo.Control.CallAsync(HttpMethod.Get, $"/v1/receipts/{id}/verify", (byte[]?)null)).MustRefuse(404, "receipt_not_found");
    }

    [Fact]
    public async Task What_one_serves_oneself_moves_nothing()
    {
        await using var device = await group.Ann.AddModelAsync();
        await CreditCalls.SettledAsync(group.Nodes);
        var before = await group.Ann.BalanceAsync();
        var reply = (await group.Ann.ChatAsync("relay:" + device.Model)).MustBe(200);
        Assert.Null(reply["X-Mycel-Receipt"]);
        await CreditCalls.SettledAsync(group.Nodes);
        Assert.Equal(before, await group.Ann.BalanceAsync());
    }

    [Fact]
    public async Task The_sentence_is_the_same_everywhere_and_its_numbers_are_right()
    {
        var credits = await group.Ben.AskAsync("/v1/node/credits");
        var sentence = (string)credits["sentence"]!;
        Assert.Matches(@"^You (have|owe) [\d.,]+ credits?: you served others for [\d.,]+ and used [\d.,]+; you may owe ", sentence);
        Assert.Equal(sentence, (string)credits["networks"]![0]!["sentence"]!);
        var shown = await group.Ben.CommandAsync("credits");
        Assert.Contains(sentence, shown.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prices_are_told_before_anything_is_asked()
    {
        await using var device = await group.Ann.AddModelAsync(group.Ben);
        var listed = (await group.Ben.AskAsync("/v1/models"))["data"]!.AsArray().Single(model => (string)model!["id"]! == device.Model)!;
        Assert.Equal((100_000_000, 1_000_000_000), ((long)listed["prompt_price"]!, (long)listed["completion_price"]!));
        var plan = await group.Ben.AskAsync($"/v1/node/plan?model={device.Model}");
        Assert.Equal(1_000_000_000, (long)plan["ranking"]![0]!["completion_price"]!);
    }
}
