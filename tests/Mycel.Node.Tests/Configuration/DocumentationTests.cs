using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Configuration;

public class DocumentationTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "configuration.md"));

    [Fact]
    public void Every_setting_is_documented_as_it_is()
    {
        var missing = SettingTable.All.Select(Row).Where(row => !Text.Contains(row, StringComparison.Ordinal)).ToList();

        Assert.True(missing.Count == 0, $"docs/configuration.md lacks these rows:\n{string.Join('\n', missing)}");
    }

    [Fact]
    public void Nothing_else_is_documented_as_a_setting()
    {
        var documented = Text.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal) && line.Contains("MYCEL_", StringComparison.Ordinal)).Select(line => line.Split('`')[1]);

        Assert.Equal(SettingTable.All.Select(setting => setting.Key), documented);
    }

    [Fact]
    public void The_example_is_accepted()
    {
        var example = Text.Split("```yaml\n")[1].Split("```")[0];

        var loaded = Loading.OfYaml(example);

        Assert.True(loaded.Errors.Count == 0, string.Join('\n', loaded.Errors));
        Assert.NotEmpty(loaded.Options!.Relays);
    }

    private static string Row(Setting setting)
    {
        var names = string.Join(", ", setting.EnvironmentNames.Select(name => $"`{name}`"));
        var flag = setting.Flag is null ? "" : $", `{setting.Flag}`";
        return $"| `{setting.Key}` | `{setting.DefaultText}` | {setting.Accepted} | {names}{flag} | {(setting.IsHot ? "reload" : "restart")} | {setting.Summary} |";
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Mycel.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"Mycel.sln is in no folder above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }
}
