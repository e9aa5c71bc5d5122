using Mycel.Node.Cli.Chat;

namespace Mycel.Node.Tests.Cli;

public sealed class ConversationTests
{
    [Fact]
    public void Instructions_come_first_and_survive_a_new_conversation()
    {
        Conversation conversation = new() { System = "be brief" };
        conversation.Ask("hi");
        conversation.Answer("hello");
        Assert.Equal(["system", "user", "assistant"], conversation.Messages.Select(message => message.Role));
        conversation.Clear();
        Assert.Equal("be brief", Assert.Single(conversation.Messages).Content);
    }

    [Fact]
    public void A_question_without_an_answer_is_taken_back()
    {
        Conversation conversation = new();
        conversation.Ask("hi");
        conversation.Answer("");
        Assert.Empty(conversation.Messages);
    }

    [Fact]
    public void It_is_written_as_markdown_or_json()
    {
        Conversation conversation = new();
        conversation.Ask("hi");
        conversation.Answer("hello");
        Assert.Equal("## You\n\nhi\n\n## Model\n\nhello\n\n", conversation.Export(json: false));
        Assert.Contains("\"role\": \"assistant\"", conversation.Export(json: true));
    }

    [Fact]
    public void A_backslash_continues_a_line()
    {
        MessageAssembler message = new();
        Assert.Null(message.Add("one\\"));
        Assert.True(message.IsOpen);
        Assert.Null(message.Add("two\\"));
        Assert.Equal("one\ntwo\nthree", message.Add("three"));
        Assert.False(message.IsOpen);
        Assert.Equal("plain", message.Add("plain"));
    }

    [Fact]
    public void Three_quotes_open_and_close_a_block()
    {
        MessageAssembler message = new();
        Assert.Null(message.Add("\"\"\""));
        Assert.Null(message.Add("a\\"));
        Assert.Null(message.Add(""));
        Assert.Equal("a\\\n\nb", message.Add("b\"\"\""));
        Assert.Equal("one line", message.Add("\"\"\"one line\"\"\""));
    }

    [Fact]
    public void A_dropped_message_leaves_nothing_behind()
    {
        MessageAssembler message = new();
        message.Add("\"\"\"");
        message.Add("dropped");
        message.Clear();
        Assert.Equal("new", message.Add("new"));
    }

    [Theory]
    [InlineData("/help", true)]
    [InlineData("  /model x", true)]
    [InlineData("/modle", true)]
    [InlineData("/etc/hosts is what?", false)]
    [InlineData("/", false)]
    [InlineData("a /help", false)]
    [InlineData("/ help", false)]
    public void A_slash_and_a_word_are_a_command(string line, bool isCommand) => Assert.Equal(isCommand, ChatSlash.IsCommand(line));
}
