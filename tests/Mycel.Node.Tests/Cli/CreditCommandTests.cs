using System.Globalization;
using Microsoft.AspNetCore.Http;
using Mycel.Node.Cli;
using Mycel.Node.Tests.Protocol;

namespace Mycel.Node.Tests.Cli;

public sealed class CreditCommandTests : IDisposable
{
    private const string Id = "8de0fbea2ddc8ee1930fd8c6cdf398c5";

    private readonly ScratchFolder _folder = new();
    private string _asked = "";

    public void Dispose() => _folder.Dispose();

    /// <summary>A receipt that both sides signed, as the protocol's test vectors have it.</summary>
    private static byte[] Settled => VectorFile.Bytes(VectorFile.Read("credit.json")!["settled_receipt"]!["bytes"]);

    [Fact]
    public async Task Credits_are_told_in_one_sentence_and_by_network_and_account()
    {
        var (code, output) = await RunAsync(
            """
            {"sentence":"You have 3.2 credits.","networks":[{"name":"friends","balance":3200000,"line":10000000,"available":13100000,"reserved":100000,"earned_pending":50000,"used_pending":0,
             "clears_here":false,"ledger_reached":false,"tabs":[{"account":"abcdefghijkl","names":["attic"],"earned":5100000,"used":1900000,"earned_pending":50000,"used_pending":0}]}]}
            """,
            "credits");

        Assert.Equal(0, code);
        Assert.Equal("/v1/node/credits", _asked);
        Assert.StartsWith("You have 3.2 credits.\n", output, StringComparison.Ordinal);
        Assert.Contains("friends  ledger out of reach, not heard of yet", output, StringComparison.Ordinal);
        Assert.Matches(@"\n *3\.2 +10 +13\.1 +0\.1 +0\.05 +0\n", output);
        Assert.Matches(@"\nattic +abcdefgh +5\.1 +1\.9 +0\.05\n", output);
    }

    [Fact]
    public async Task Proved_fraud_is_told()
    {
        var (_, output) = await RunAsync("""{"sentence":"You have 0 credits.","networks":[{"name":"friends","refused":true,"ledger_reached":true}]}""", "credits");

        Assert.Contains("nobody in the network serves it any more", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_says_what_was_paid_and_earned_and_how_to_page_on()
    {
        var (code, output) = await RunAsync(
            $$"""
            {"receipts":[{"id":"{{Id}}","side":"paid","state":"posted","account":"abcdefghijkl","name":"attic","model":"small","prompt_tokens":7,"completion_tokens":3,"amount":3700,"at":"2026-01-02T03:04:05Z"},
             {"id":"{{Id}}","side":"earned","state":"waiting","account":"abcdefghijkl","model":"small","prompt_tokens":7,"completion_tokens":3,"amount":3700,"at":"2026-01-02T03:04:05Z"}],"next":"{{Id}}"}
            """,
            "credits", "history", "--side", "paid", "--key-name", "my key", "--limit", "2");

        Assert.Equal(0, code);
        Assert.Equal("/v1/node/credits/history?limit=2&side=paid&key=my%20key", _asked);
        Assert.Matches($@"{Id} +attic +small +7\+3 +-0\.0037 +posted", output);
        Assert.Matches($@"{Id} +abcdefgh +small +7\+3 +\+0\.0037 +waiting", output);
        Assert.Contains($"mycel credits history --before {Id}", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"whole":true,"books":[]}""", 0, "There are no books yet")]
    [InlineData("""{"whole":true,"books":[{"network":"friends","book":"ledger","entries":12}]}""", 0, "The ledger of friends: 12 transfers, every signature, the chain and the sum of 0 hold.")]
    [InlineData("""{"whole":false,"books":[{"network":"friends","book":"ledger","entries":7,"bad_entry":7,"problem":"The chain is broken."}]}""", 1, "The chain is broken. The first bad entry is number 7.")]
    [InlineData("""{"whole":false,"books":[{"network":"friends","book":"receipts","entries":2,"bad_receipt":"8de0","problem":"A signature is wrong."}]}""", 1, "The first bad receipt is 8de0.")]
    public async Task A_check_of_the_books_names_what_is_bad_and_fails(string reply, int expected, string said)
    {
        var (code, output) = await RunAsync(reply, "ledger", "verify");

        Assert.Equal(expected, code);
        Assert.Contains(said, string.Join(' ', output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_of_the_node_is_shown_and_saved_and_verified_offline()
    {
        var file = _folder.File("receipt.bin");
        var reply = $$"""{"id":"{{Id}}","side":"paid","state":"posted","entry":12,"signed":"{{Convert.ToBase64String(Settled)}}"}""";

        var (code, output) = await RunAsync(reply, "receipt", "show", Id, "--save", file);

        Assert.Equal(0, code);
        Assert.Equal($"/v1/receipts/{Id}", _asked);
        Assert.Contains(Id, output, StringComparison.Ordinal);
        Assert.Equal(Settled, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        var (verified, said, _) = await CommandAsync("receipt", "verify", file);
        Assert.Equal(0, verified);
        Assert.Contains("All three signatures", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_that_was_changed_does_not_hold()
    {
        var file = _folder.File("receipt.bin");
        var bytes = Settled;
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);

        var (code, _, error) = await CommandAsync("receipt", "verify", file);

        Assert.Equal(1, code);
        Assert.NotEmpty(error);
    }

    [Fact]
    public async Task What_is_neither_an_id_nor_a_receipt_is_named()
    {
        var file = _folder.File("notes.txt");
        await File.WriteAllTextAsync(file, "hello", TestContext.Current.CancellationToken);

        Assert.Contains("is no receipt", (await CommandAsync("receipt", "show", file)).Error, StringComparison.Ordinal);
        Assert.Contains("32 hexadecimal digits", (await CommandAsync("receipt", "show", "8de0")).Error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output)> RunAsync(string reply, string first, params string[] more)
    {
        await using var node = await StubServer.OnPortAsync(context =>
        {
            _asked = context.Request.Path + context.Request.QueryString;
            return StubServer.Json(StatusCodes.Status200OK, reply)(context);
        });
        var (code, output, error) = await CommandAsync([first, .. more, "--endpoint", node.Address.BaseAddress.ToString()]);
        Assert.Empty(code == 0 ? error : "");
        return (code, output);
    }

    private static async Task<(int Code, string Output, string Error)> CommandAsync(params string[] line)
    {
        using StringWriter output = new(CultureInfo.InvariantCulture), error = new(CultureInfo.InvariantCulture);
        var code = await CommandLine.RunAsync(line, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
