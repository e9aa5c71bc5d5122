using System.CommandLine;
using Mycel.Identity;
using Mycel.Node.Admission;
using Mycel.Node.Cli.Client;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>A command that works on this machine's files, whether a node runs or not.</summary>
internal sealed class LocalCommand : Command, IHasExamples
{
    private readonly Option<string?> _config = new("--config", "-c") { Description = "Configuration file", HelpName = "FILE" };
    private readonly Option<string?> _dataDir = new("--data-dir") { Description = "Data folder of the node", HelpName = "DIR" };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON for scripts instead of text" };

    /// <summary>A command with <c>--config</c> and <c>--data-dir</c>, and <c>--json</c> where <paramref name="hasJson"/> says so.</summary>
    public LocalCommand(string name, string description, bool hasJson = false)
        : base(name, description)
    {
        Options.Add(_config);
        Options.Add(_dataDir);
        if (hasJson) Options.Add(_json);
    }

    /// <summary>The options by which the node of the files is found, with <c>--on</c> for another one behind it.</summary>
    public NodeOptions AddNode()
    {
        NodeOptions node = new(_dataDir, _config);
        node.AddOnTo(this);
        return node;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples { get; set; } = [];

    /// <summary>Sets what the command does; the result is the exit code. What the stores refuse is printed as they say it.</summary>
    public void Runs(Func<LocalRun, int> run) => Runs((local, _) => Task.FromResult(run(local)));

    /// <summary>Sets what the command does, where that may also ask a node.</summary>
    public void Runs(Func<LocalRun, CancellationToken, Task<int>> run) => SetAction(async (line, cancel) =>
    {
        var flags = new CommandLineSettings { ConfigFile = line.GetValue(_config), DataDir = line.GetValue(_dataDir) };
        var local = new LocalRun(line, flags, Options.Contains(_json) && line.GetValue(_json));
        try
        {
            return await run(local, cancel);
        }
        catch (LocalRunException stop)
        {
            return local.Fail(stop.Message, stop.ExitCode);
        }
        catch (NodeClientException stop)
        {
            return local.Fail(stop.Message, stop.ExitCode);
        }
        catch (Exception failure) when (failure is KeyStoreException or IdentityException or IOException or UnauthorizedAccessException)
        {
            return local.Fail(failure.Message);
        }
    });
}
