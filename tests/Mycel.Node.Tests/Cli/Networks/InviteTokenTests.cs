using Mycel.Node.Cli;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Networks;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Tests.Cli.Networks;

public class InviteTokenTests
{
    private static readonly CliConsole Console = new(TextWriter.Null, TextWriter.Null, false, false, false);

    [Fact]
    public void An_invite_is_read_however_it_was_pasted()
    {
        var token = InviteSample.Make().ToToken();

        Assert.Equal(token, InviteToken.Read([token], Console).Token);
        Assert.Equal(token, InviteToken.Read([token[..40] + "\n  " + token[40..]], Console).Token);
        Assert.Equal(token, InviteToken.Read([token[..70], token[70..]], Console).Token);
        Assert.Equal(token, InviteToken.Read(["mycel", "join", token], Console).Token);
        Assert.Equal("friends", InviteToken.Read([token], Console).Invite.Network.Name);
    }

    [Theory]
    [InlineData("hello", "does not begin with")]
    [InlineData("mycel-!!!", "characters that no invite has")]
    [InlineData("mycel-AAAA", "")]
    public void What_is_no_invite_is_refused_as_a_mistake_of_the_command_line(string text, string said)
    {
        var error = Assert.Throws<NodeClientException>(() => InviteToken.Read([text], Console));

        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_invite_that_was_altered_is_refused()
    {
        var token = InviteSample.Make().ToToken();
        var altered = token[..^30] + (token[^30] == 'A' ? 'B' : 'A') + token[^29..];

        Assert.Throws<NodeClientException>(() => InviteToken.Read([altered], Console));
    }
}
