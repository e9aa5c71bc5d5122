using Microsoft.Extensions.Logging;
using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Configuration;

public class PrecedenceTests
{
    [Fact]
    public void Flags_beat_variables_beat_the_file_beats_defaults()
    {
        using var loading = new Loading();
        const string Yaml = "api:\n  host: 10.0.0.1\n  port: 1111\n  open: true\nlog:\n  level: debug\n";
        loading.Variables["MYCEL_API_PORT"] = "2222";
        loading.Variables["MYCEL_LOG_LEVEL"] = "warn";
        loading.Flags = new CommandLineSettings { LogLevel = "error" };

        var loaded = loading.Load(Yaml);

        Assert.Equal("10.0.0.1", loaded.Options!.Api.Host);
        Assert.Equal(2222, loaded.Options.Api.Port);
        Assert.Equal(LogLevel.Error, loaded.Options.Log.Level);
        Assert.Equal(64, loaded.Options.Api.MaxBodyMegabytes);
        Assert.Equal(
            [("api.host", $"{loading.File}:2"), ("api.max_body_mb", "default"), ("api.port", "MYCEL_API_PORT"), ("log.level", "--log-level")],
            loaded.Values.Where(v => v.Key is "api.host" or "api.port" or "log.level" or "api.max_body_mb").Select(v => (v.Key, v.Origin.ToString())).Order());
    }

    [Fact]
    public void Every_flag_reaches_its_setting()
    {
        using var loading = new Loading();
        loading.Flags = new CommandLineSettings
        {
            Relays = ["http://a:1/v1/", "HTTP://B:2"],
            Models = ["m/a.gguf", "fast=b", "~/c.gguf"],
            Demo = true,
            Host = "::1",
            Port = 0,
            DataDir = "state",
            Open = true,
            NoLan = true,
            LogLevel = "debug",
        };

        var options = loading.Load("relays: [http://c]\napi: {port: 5}\n").Options!;

        Assert.Equal(["http://a:1", "http://b:2"], options.Relays.Select(r => r.Url));
        Assert.Equal(["flag", "flag"], options.Relays.Select(r => r.Source));
        Assert.Equal(
            [("a", Path.Combine(loading.Folder, "m/a.gguf"), "flag"), ("fast", "b", "flag"), ("c", "/home/somebody/c.gguf", "flag")],
            options.Models.Load.Select(m => (m.Name, m.Model, m.Source)));
        Assert.True(options.Models.Demo);
        Assert.False(options.Lan.Enabled);
        Assert.Equal(("::1", 0, true), (options.Api.Host, options.Api.Port, options.Api.Open));
        Assert.Equal(Path.Combine(loading.Folder, "state"), options.DataDir);
        Assert.Equal(LogLevel.Debug, options.Log.Level);
    }

    [Fact]
    public void Paths_in_the_file_start_from_its_folder_and_names_of_models_stay_names()
    {
        using var loading = new Loading();

        var options = loading.Load("data_dir: state\nmodels:\n  load: [./a.gguf, smollm2, {model: sub/b.gguf, template: t.jinja}]\nengine:\n  libraries: lib\n").Options!;

        Assert.Equal(Path.Combine(loading.Folder, "state", "models"), options.Models.Dir);
        Assert.Equal([loading.Folder + "/a.gguf", "smollm2", loading.Folder + "/sub/b.gguf"], options.Models.Load.Select(m => m.Model));
        Assert.Equal(loading.Folder + "/t.jinja", options.Models.Load[2].Template);
        Assert.Equal(loading.Folder + "/lib", options.Engine.Libraries);
    }

    [Fact]
    public void Nothing_said_about_models_means_none_in_the_data_folder()
    {
        var options = Loading.OfYaml("").Options!;

        Assert.Equal(("/home/somebody/.local/share/mycel/models", "", false), (options.Models.Dir, options.Engine.Libraries, options.Models.Demo));
        Assert.Empty(options.Models.Load);
    }

    [Theory]
    [InlineData("MYCEL_HOST", "MYCEL_API_HOST", "api.host", "10.1.1.1")]
    [InlineData("MYCEL_PORT", "MYCEL_API_PORT", "api.port", "99")]
    [InlineData("MYCEL_MODELS", "MYCEL_MODELS_LOAD", "models.load", "/a/b.gguf, fast=/c.gguf, smollm2")]
    [InlineData("MYCEL_RELAY_BACKENDS", "MYCEL_RELAYS", "relays", "http://a, http://b:8000/v1")]
    public void Short_variables_are_the_same_as_the_long_ones(string alias, string canonical, string key, string value)
    {
        Assert.Equal(
            Loading.OfVariable(canonical, value).Values.Single(v => v.Key == key).Text,
            Loading.OfVariable(alias, value).Values.Single(v => v.Key == key).Text);
        Assert.NotEqual(Loading.OfYaml("").Values.Single(v => v.Key == key).Text, Loading.OfVariable(alias, value).Values.Single(v => v.Key == key).Text);
    }

    [Fact]
    public void Two_variables_for_one_setting_must_agree()
    {
        using var loading = new Loading { Variables = { ["MYCEL_PORT"] = "1", ["MYCEL_API_PORT"] = "2" } };

        var error = Assert.Single(loading.Load().Errors);

        Assert.Equal(("api.port", "MYCEL_PORT"), (error.Key, error.Origin.ToString()));
        Assert.Contains("MYCEL_API_PORT", error.Message, StringComparison.Ordinal);
        loading.Variables["MYCEL_PORT"] = "2";
        Assert.Empty(loading.Load().Errors);
    }

    [Fact]
    public void An_empty_variable_sets_nothing() => Assert.Equal(8420, Loading.OfVariable("MYCEL_API_PORT", " ").Options!.Api.Port);

    [Fact]
    public void A_mistake_is_told_though_a_stronger_source_overrides_it()
    {
        using var loading = new Loading { Flags = new CommandLineSettings { Port = 1 } };

        Assert.Equal("api.port", Assert.Single(loading.Load("api: {port: x}").Errors).Key);
    }

    [Fact]
    public void The_file_is_the_flags_then_the_variables_then_the_working_folders_then_the_users()
    {
        using var loading = new Loading();
        using var config = new TestFolder();
        Directory.CreateDirectory(config.File("mycel"));
        config.Write("mycel/mycel.yaml", "drain_s: 4");
        loading.Variables["XDG_CONFIG_HOME"] = config.Path;
        Assert.Equal(4, loading.Load().Options!.DrainSeconds);
        Assert.Equal(3, loading.Load("drain_s: 3").Options!.DrainSeconds);
        loading.Variables["MYCEL_CONFIG"] = config.Write("b.yaml", "drain_s: 2");
        Assert.Equal(2, loading.Load().Options!.DrainSeconds);
        loading.Flags = new CommandLineSettings { ConfigFile = config.Write("a.yaml", "drain_s: 1") };
        var loaded = loading.Load();
        Assert.Equal((1, config.File("a.yaml")), (loaded.Options!.DrainSeconds, loaded.File));
    }

    [Fact]
    public void Folders_start_where_their_source_is()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("the paths below are those of Unix");
        using var loading = new Loading();
        Assert.Equal("/home/somebody/.local/share/mycel", loading.Load().Options!.DataDir);
        loading.Variables["XDG_DATA_HOME"] = "relative/is/ignored";
        Assert.Equal("/home/somebody/.local/share/mycel", loading.Load().Options!.DataDir);
        loading.Variables["XDG_DATA_HOME"] = "/data";
        Assert.Equal("/data/mycel", loading.Load().Options!.DataDir);
        using var elsewhere = new TestFolder();
        loading.Variables["MYCEL_CONFIG"] = elsewhere.Write("c.yaml", "data_dir: here");
        Assert.Equal(elsewhere.File("here"), loading.Load().Options!.DataDir);
        loading.Variables["MYCEL_DATA_DIR"] = "~/there";
        Assert.Equal("/home/somebody/there", loading.Load().Options!.DataDir);
    }
}
