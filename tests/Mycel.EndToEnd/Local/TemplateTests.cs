using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>A template of the owner's own takes the place of the model's; one that cannot be used is told of, with a way out.</summary>
public sealed class TemplateTests
{
    [Fact]
    public async Task The_owners_template_makes_the_prompt()
    {
        using var folder = new TempFolder();
        await using var node = await StartAsync(folder, "{% for message in messages %}{{ message.content }}{% endfor %}");
        var answer = await node.AnswerAsync("It is a truth", "\"temperature\":0,\"max_tokens\":8,\"ignore_eos\":true", model: "jane");
        var reply = (await node.PostAsync("/v1/completions", """{"model":"jane","prompt":"It is a truth","temperature":0,"max_tokens":8,"ignore_eos":true}""")).MustBe(200);
        Assert.Equal((string?)reply.Json["choices"]![0]!["text"], answer.Text);
        Assert.Equal((int)reply.Json["usage"]!["prompt_tokens"]!, answer.PromptTokens);
    }

    [Theory]
    [InlineData("{% for message in %}")]
    [InlineData("{{ nothing.at.all() }}")]
    [InlineData("{{ raise_exception('Never.') }}")]
    public async Task One_that_cannot_be_used_is_told_of(string template)
    {
        using var folder = new TempFolder();
        await using var node = await StartAsync(folder, template);
        var message = (await node.ChatAsync("jane")).MustRefuse(400);
        Assert.Contains("template", message);
        // The way out that needs no template.
        (await node.PostAsync("/v1/completions", """{"model":"jane","prompt":"It is","max_tokens":2}""")).MustBe(200);
    }

    [Fact]
    public async Task One_that_is_gone_is_told_of_and_back_again_used()
    {
        using var folder = new TempFolder();
        await using var node = await StartAsync(folder, "{{ messages[0].content }}");
        var path = Path.Combine(folder.Path, "chat.jinja");
        File.Move(path, path + ".away");
        Assert.Contains("chat.jinja", (await node.ChatAsync("jane")).MustRefuse(400));
        File.Move(path + ".away", path);
        Assert.Equal("length", (await node.AnswerAsync("It is", "\"max_tokens\":2,\"ignore_eos\":true", model: "jane")).FinishReason);
    }

    private static async Task<NodeProcess> StartAsync(TempFolder folder, string template)
    {
        var path = Path.Combine(folder.Path, "chat.jinja");
        await File.WriteAllTextAsync(path, template);
        return await NodeProcess.StartAsync(new NodeSetup { Yaml = $"models:\n  load:\n    - model: {LocalCalls.DemoFile}\n      name: jane\n      template: {path}\n" });
    }
}
