using System.Text.Json;
using Mycel.Identity;
using Mycel.Node.Cli;

namespace Mycel.Node.Tests.Cli;

public sealed class IdentityCommandTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Init_makes_the_keys_once_and_show_tells_them()
    {
        var (_, missing, missingCode) = await RunAsync("a", "account", "show");
        var (made, _, _) = await RunAsync("a", "init", "--name", "desk");
        var (again, _, _) = await RunAsync("a", "init");
        var (json, _, _) = await RunAsync("a", "account", "show", "--json");

        Assert.Equal(ExitCode.Failed, missingCode);
        Assert.Contains("mycel init", missing, StringComparison.Ordinal);
        Assert.Contains("desk", made, StringComparison.Ordinal);
        Assert.Contains("account export", made, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", again, StringComparison.Ordinal);
        using var shown = JsonDocument.Parse(json);
        Assert.Contains(shown.RootElement.GetProperty("peer").GetString()!, made, StringComparison.Ordinal);
        Assert.Equal(["serve", "ask", "admit", "manage"], shown.RootElement.GetProperty("roles").EnumerateArray().Select(role => role.GetString()!));
    }

    [Fact]
    public async Task An_account_moves_to_a_second_device_and_casts_it_out()
    {
        await File.WriteAllTextAsync(_folder.File("secret"), "correct horse\n", TestContext.Current.CancellationToken);
        await RunAsync("a", "init");
        await RunAsync("b", "init");
        var (_, _, exported) = await RunAsync("a", "account", "export", _folder.File("backup"), "--passphrase-file", _folder.File("secret"));
        var (_, refused, refusedCode) = await RunAsync("b", "account", "import", _folder.File("backup"), "--passphrase-file", _folder.File("secret"));
        var (_, _, imported) = await RunAsync("b", "account", "import", _folder.File("backup"), "--passphrase-file", _folder.File("secret"), "--replace");

        Assert.Equal((ExitCode.Ok, ExitCode.Failed, ExitCode.Ok), (exported, refusedCode, imported));
        Assert.Contains("another account", refused, StringComparison.Ordinal);
        Assert.Equal(await ShowAsync("a", "account"), await ShowAsync("b", "account"));
        string second = await ShowAsync("b", "peer");
        Assert.NotEqual(await ShowAsync("a", "peer"), second);

        var (_, _, revoked) = await RunAsync("a", "device", "revoke", second);
        var (list, _, _) = await RunAsync("a", "device", "list");
        Assert.Equal(ExitCode.Ok, revoked);
        Assert.Matches($"revoked +{second}", list);
        var (_, own, ownCode) = await RunAsync("a", "device", "revoke", await ShowAsync("a", "peer"));
        Assert.Equal(ExitCode.Failed, ownCode);
        Assert.Contains("using", own, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_encrypted_account_key_needs_its_passphrase_for_what_it_signs_only()
    {
        await File.WriteAllTextAsync(_folder.File("secret"), "correct horse\n", TestContext.Current.CancellationToken);
        var (_, _, made) = await RunAsync("a", "init", "--encrypt", "--passphrase-file", _folder.File("secret"));
        var (shown, _, _) = await RunAsync("a", "account", "show");
        var (_, _, revoked) = await RunAsync("a", "device", "revoke", new string('a', PeerId.TextLength), "--passphrase-file", _folder.File("secret"));

        Assert.Equal(ExitCode.Ok, made);
        Assert.Contains("locked", shown, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, revoked);
        await File.WriteAllTextAsync(_folder.File("wrong"), "x\n", TestContext.Current.CancellationToken);
        var (_, error, code) = await RunAsync("a", "device", "revoke", new string('b', PeerId.TextLength), "--passphrase-file", _folder.File("wrong"));
        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains("does not open", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("device", "revoke", "short")]
    [InlineData("account", "import", "/nonexistent/file")]
    [InlineData("init", "--name", "")]
    public async Task What_cannot_be_is_refused(params string[] words)
    {
        var (_, error, code) = await RunAsync("a", words);

        Assert.NotEqual(ExitCode.Ok, code);
        Assert.StartsWith("error:", error, StringComparison.Ordinal);
    }

    private async Task<string> ShowAsync(string device, string field)
    {
        var (json, _, _) = await RunAsync(device, "account", "show", "--json");
        using var shown = JsonDocument.Parse(json);
        return shown.RootElement.GetProperty(field).GetString()!;
    }

    private async Task<(string Output, string Error, int Code)> RunAsync(string device, params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync([.. words, "--data-dir", _folder.File(device)], output, error);
        return (output.ToString(), error.ToString(), code);
    }
}
