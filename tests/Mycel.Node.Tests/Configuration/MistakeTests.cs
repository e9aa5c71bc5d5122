using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Configuration;

public class MistakeTests
{
    /// <summary>File, key of the mistake, its line, and words its message must have.</summary>
    [Theory]
    [InlineData("api:\n  prot: 1\n", "api.prot", 2, "did you mean api.port?")]
    [InlineData("\n\nquue:\n  depth: 1\n", "quue", 3, "did you mean queue?")]
    [InlineData("port: 1\n", "port", 1, "did you mean api.port?")]
    [InlineData("api:\n  zzzzzzzz: 1\n", "api.zzzzzzzz", 2, "unknown key; api has: host, port")]
    [InlineData("api.port: 1\n", "api.port", 1, "`api:`, `port:`")]
    [InlineData("log:\n  level: info\nlog:\n  level: warn\n", "log", 3, "already in line 1")]
    [InlineData("log:\n  level: info\n  level: info\n", "log.level", 3, "already in line 2")]
    [InlineData("api: 8420\n", "api", 1, "a section, with these keys indented below it: host, port")]
    [InlineData("api: [1]\n", "api", 1, "found a list")]
    [InlineData("api:\n  port:\n", "api.port", 2, "found nothing, write a value or remove the line")]
    [InlineData("api:\n  port: [1]\n", "api.port", 2, "found a list")]
    [InlineData("- a\n- b\n", "", 1, "found a list|the file holds a list")]
    [InlineData("just words\n", "", 1, "the file holds \"just words\"")]
    [InlineData("drain_s: 1\n---\ndrain_s: 2\n", "", 2, "keep one document")]
    [InlineData("drain_s: &x 1\n", "drain_s", 1, "anchor &x is not supported")]
    [InlineData("drain_s: !!int 1\n", "drain_s", 1, "tags")]
    [InlineData("api:\n\tport: 1\n", "", 2, "indented with a tab")]
    [InlineData("api:\n  port: 1\n log: 2\n", "", 3, "not valid YAML")]
    [InlineData("api: {port: 1\n", "", 2, "not valid YAML")]
    [InlineData("? [a, b]\n: 1\n", "", 1, "a key here is not a word")]
    [InlineData("api:\n  max_body_mb: 1024\n", "api.max_body_mb", 2, "raise that to 1024")]
    [InlineData("api:\n  port: ${PORT}\n", "api.port", 2, "found \"${PORT}\"")]
    public void A_mistake_is_told_with_its_key_and_line(string yaml, string key, int line, string words)
    {
        var loaded = Loading.OfYaml(yaml);

        Assert.Null(loaded.Options);
        var error = Assert.Single(loaded.Errors);
        Assert.Equal((key, line), (error.Key, error.Origin.Line));
        Assert.Contains(words.Split('|'), part => error.Message.Contains(part, StringComparison.Ordinal));
    }

    /// <summary>Item of the list, key of the mistake, words its message must have and must not have.</summary>
    [Theory]
    [InlineData("http://", "relays[0]", "found \"http://\"", null)]
    [InlineData("gpu:11434", "relays[0]", "no scheme", null)]
    [InlineData("ftp://gpu", "relays[0]", "only http:// and https://", null)]
    [InlineData("http://me:hunter2@gpu", "relays[0]", "user name or password", "hunter2")]
    [InlineData("http://gpu?token=hunter2", "relays[0]", "query", "hunter2")]
    [InlineData("http://gpu/v1/chat/completions", "relays[0]", "leave out /v1/chat/completions", null)]
    [InlineData("{url: 'http://a', api_key: hunter2}", "relays[0].api_key", "mycel secret set", "hunter2")]
    [InlineData("{url: 'http://a', api_key: 'secret:'}", "relays[0].api_key", "secret:NAME", null)]
    [InlineData("{url: 'http://a', apikey: hunter2}", "relays[0].apikey", "did you mean api_key?", "hunter2")]
    [InlineData("{url: 'http://a', api_key: [hunter2]}", "relays[0].api_key", "secret:NAME", "hunter2")]
    [InlineData("{url: 'http://a', name: 'GPU 1'}", "relays[0].name", "a–z, 0–9", null)]
    [InlineData("{url: 'http://a', name: 'a:b'}", "relays[0].name", "a–z, 0–9", null)]
    [InlineData("{name: a}", "relays[0]", "no url", null)]
    [InlineData("5", "relays[0]", "no scheme", null)]
    [InlineData("[x]", "relays[0]", "found a list", null)]
    [InlineData("sk-abcdefghijklmnopqrstuvwx", "relays[0]", "no scheme", "abcdefghijklmnop")]
    public void A_mistake_in_a_relay_is_told_without_its_secrets(string item, string key, string words, string? hidden)
    {
        var error = Assert.Single(Loading.OfYaml($"relays:\n  - {item}\n").Errors);

        Assert.Equal((key, 2), (error.Key, error.Origin.Line));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        if (hidden is not null) Assert.DoesNotContain(hidden, error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Item of the list, key of the mistake, words its message must have.</summary>
    [Theory]
    [InlineData("{name: a}", "models.load[0]", "has no model; add `model: PATH`")]
    [InlineData("{model: a, ctx: 1}", "models.load[0].ctx", "A model has: model, name, context")]
    [InlineData("{model: a, slot: 1}", "models.load[0].slot", "did you mean slots?")]
    [InlineData("{model: a, name: 'relay:a'}", "models.load[0].name", "not beginning with relay:")]
    [InlineData("relay:a=/x/a.gguf", "models.load[0]", "cannot begin with relay:")]
    [InlineData("local:a", "models.load[0]", "cannot begin with relay:, local: or peer:")]
    [InlineData("{model: [a]}", "models.load[0].model", "found a list")]
    [InlineData("{model: a, template: ''}", "models.load[0].template", "the path of a file")]
    [InlineData("a=", "models.load[0]", "no model is named")]
    [InlineData("/x/.gguf", "models.load[0]", "write NAME=PATH")]
    public void A_mistake_in_a_model_is_told_with_its_place(string item, string key, string words)
    {
        var error = Assert.Single(Loading.OfYaml($"models:\n  load:\n    - {item}\n").Errors);

        Assert.Equal((key, 3), (error.Key, error.Origin.Line));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_models_of_one_name_are_told_with_both_lines()
    {
        var error = Assert.Single(Loading.OfYaml("models:\n  load:\n    - /a/qwen.gguf\n    - b\n    - /b/qwen.GGUF\n").Errors);

        Assert.Equal(("models.load[2]", 5), (error.Key, error.Origin.Line));
        Assert.Contains("taken by models.load[0] in line 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_of_the_demonstration_is_taken_while_it_is_served()
    {
        Assert.Empty(Loading.OfYaml("models:\n  load: [tiny-austen]\n").Errors);

        var error = Assert.Single(Loading.OfYaml("models:\n  demo: true\n  load: [tiny-austen]\n").Errors);

        Assert.Equal("models.load", error.Key);
        Assert.Contains("NAME=PATH", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Duplicate_relays_are_told_with_both_lines()
    {
        var errors = Loading.OfYaml("relays:\n  - http://GPU:80/v1\n  - url: http://gpu/\n  - {url: http://b, name: x}\n  - {url: http://c, name: x}\n").Errors;

        Assert.Equal([("relays[1]", 3), ("relays[3].name", 5)], errors.Select(e => (e.Key, e.Origin.Line!.Value)));
        Assert.Contains("relays[0] in line 2", errors[0].Message, StringComparison.Ordinal);
        Assert.Contains("relays[2] in line 4", errors[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_mistakes_of_all_sources_come_at_once_in_order()
    {
        using var loading = new Loading
        {
            Variables = { ["MYCEL_QUEUE_DEPTH"] = "many" },
            Flags = new CommandLineSettings { Port = 70000, Relays = ["nonsense"] },
        };

        var errors = loading.Load("drain_s: -1\napi:\n  open: 5\n  hots: x\nrelays: 7\n").Errors;

        Assert.Equal(
            ["drain_s", "api.open", "api.hots", "relays", "queue.depth", "api.port", "relays[0]"],
            errors.Select(e => e.Key));
        Assert.Equal(
            [$"{loading.File}:1", $"{loading.File}:3", $"{loading.File}:4", $"{loading.File}:5", "MYCEL_QUEUE_DEPTH", "--port", "--relay"],
            errors.Select(e => e.Origin.ToString()));
    }

    [Fact]
    public void An_alias_counts_as_a_mistake_where_it_stands()
    {
        var errors = Loading.OfYaml("queue: &q {depth: 1}\nrelay: *q\n").Errors;

        Assert.Equal([("queue", 1), ("relay", 2)], errors.Select(e => (e.Key, e.Origin.Line!.Value)));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("# nothing but a comment\n", 0)]
    [InlineData("api:\n  # port: 1\nrelays:\n", 0)]
    [InlineData("---\ndrain_s: 1\n...\n", 0)]
    [InlineData("\uFEFFdrain_s: 1\r\napi:\r\n  port: 1\r\n", 0)]
    [InlineData("~", 0)]
    public void What_is_no_mistake_is_accepted(string yaml, int errors) => Assert.Equal(errors, Loading.OfYaml(yaml).Errors.Count);

    [Fact]
    public void A_named_file_must_exist()
    {
        using var loading = new Loading { Variables = { ["MYCEL_CONFIG"] = "gone.yaml" } };

        Assert.Contains("named by MYCEL_CONFIG does not exist", Assert.Single(loading.Load().Errors).Message, StringComparison.Ordinal);
        loading.Flags = new CommandLineSettings { ConfigFile = "gone.yaml" };
        Assert.Contains("named by --config does not exist", Assert.Single(loading.Load().Errors).Message, StringComparison.Ordinal);
        loading.Flags = new CommandLineSettings { ConfigFile = loading.Folder };
        Assert.Contains("this is a folder", Assert.Single(loading.Load().Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_over_one_megabyte_is_refused()
    {
        Assert.Empty(Loading.OfYaml("#" + new string('x', ConfigurationFile.MaxBytes - 2) + "\n").Errors);
        Assert.Contains("larger than 1 MB", Assert.Single(Loading.OfYaml("#" + new string('x', ConfigurationFile.MaxBytes)).Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_utf8_is_refused_with_the_line()
    {
        using var loading = new Loading();
        File.WriteAllBytes(loading.File, [.. "drain_s: 1\n# "u8, 0xE9, (byte)'\n']);

        var error = Assert.Single(loading.Load().Errors);

        Assert.Equal(2, error.Origin.Line);
        Assert.Contains("not UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_and_heaps_of_mistakes_stay_within_bounds()
    {
        Assert.Contains("nested too deeply", Assert.Single(Loading.OfYaml(new string('[', 100_000)).Errors).Message, StringComparison.Ordinal);
        Assert.Equal(ProblemList.MaxProblems, Loading.OfYaml(string.Concat(Enumerable.Range(0, 5_000).Select(i => $"k{i}: 1\n"))).Errors.Count);
    }

    [Fact]
    public void Damaged_files_give_mistakes_and_never_an_exception()
    {
        const string Whole = "data_dir: /a\napi:\n  host: '127.0.0.1'\n  allowed_hosts: [a, \"b\"]\nrelays:\n  - http://a\n  - {url: http://b, api_key: env:B}\nlog: {level: info} # end\n";
        var random = new Random(20260727);
        const string Signs = "[]{}:,-?&*!|>'\"%@`#\t\n \0\u00e9~<=";
        for (var round = 0; round < 3_000; round++)
        {
            var text = Whole.ToCharArray();
            for (var change = random.Next(1, 5); change > 0; change--) text[random.Next(text.Length)] = Signs[random.Next(Signs.Length)];
            var problems = new ProblemList();
            if (YamlReader.Read(new string(text), "f.yaml", problems) is { } root) FileSettings.Read(root, problems);
            else Assert.NotEqual(0, problems.Count);
        }
    }

    [Fact]
    public void Unknown_variables_are_warned_of_and_known_ones_are_not()
    {
        using var loading = new Loading
        {
            Variables =
            {
                ["MYCEL_API_PROT"] = "1", ["MYCEL_ZZZZZZZZZZZZZZ"] = "1", ["MYCEL_ENDPOINT"] = "x", ["MYCEL_API_KEY"] = "x", ["MYCEL_GPU_KEY"] = "x",
                ["OTHER"] = "x",
            },
        };

        var loaded = loading.Load("relays:\n  - {url: http://a, api_key: env:MYCEL_GPU_KEY}\n  - {url: http://b, api_key: env:NOT_SET}\n");

        Assert.Empty(loaded.Errors);
        Assert.Equal(["relays[1].api_key", "", ""], loaded.Warnings.Select(w => w.Key));
        Assert.Contains("NOT_SET is not set", loaded.Warnings[0].Message, StringComparison.Ordinal);
        Assert.Equal("MYCEL_API_PROT: no setting has this variable; it is ignored. Did you mean MYCEL_API_PORT?", loaded.Warnings[1].ToString());
        Assert.DoesNotContain("Did you mean", loaded.Warnings[2].Message, StringComparison.Ordinal);
    }
}
