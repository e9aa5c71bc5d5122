using System.Runtime.CompilerServices;
using Mycel.Node.Cli.Client;
using Mycel.Node.Configuration;
using Mycel.Node.Hosting;

namespace Mycel.Node.Cli.Doctor;

/// <summary>Looks at everything that <c>doctor</c> looks at, in the order in which things depend on each other.</summary>
internal sealed class DoctorRun
{
    private static readonly TimeSpan NodeTimeout = TimeSpan.FromSeconds(90);

    private readonly CommandLineSettings _flags;
    private readonly TimeProvider _time;

    /// <summary>Looks at the node that these flags mean.</summary>
    public DoctorRun(CommandLineSettings flags, TimeProvider time)
    {
        _flags = flags;
        _time = time;
    }

    /// <summary>Called with what is being waited for.</summary>
    public Action<string> Note { get; set; } = _ => { };

    /// <summary>The checks, each as soon as it is made.</summary>
    public async IAsyncEnumerable<DoctorCheck> RunAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(_flags);
        foreach (DoctorCheck check in LocalChecks.Configuration(loaded)) yield return check;
        yield return LocalChecks.Cryptography();
        yield return LocalChecks.DataFolder(loaded.DataDir);
        yield return LocalChecks.Disk(loaded.DataDir);

        using NodeClient node = new(NodeAddress.OfSocket(ControlSocket.PathFor(loaded.DataDir)), NodeTimeout);
        (DoctorCheck nodeCheck, NodeStatusReply? status) = await NodeCheckAsync(node, cancel);
        yield return nodeCheck;
        if (loaded.Options is { } options) yield return LocalChecks.Port(options.Api.Host, options.Api.Port, status);

        foreach (DoctorCheck check in status is not null ? LinkChecks.OfNode(status.Links) : loaded.Options is { } waiting ? LinkChecks.OfLibraries(waiting.Links) : []) yield return check;
        if (status is not null)
        {
            yield return LanChecks.OfNode(status.Lan);
            yield return await TableChecks.OfNodeAsync(node, status.Links, cancel);
        }

        bool servesOwn = false;
        if (status is not null)
        {
            await foreach (DoctorCheck check in LocalModelChecks.RunAsync(node, note => Note(note), cancel))
            {
                servesOwn = true;
                yield return check;
            }
        }
        else if (loaded.Options is { Models: { Demo: true } or { Load.Count: > 0 } } serving)
        {
            yield return LocalModelChecks.Libraries(serving.Engine);
        }

        List<DateHeader> dates = [];
        using RelayProbe probe = new(_time);
        RelayChecks relays = new(probe, dates, note => Note(note));
        IAsyncEnumerable<DoctorCheck> relayChecks = status is not null ? relays.ThroughNodeAsync(node, servesOwn || status.Models > 0, cancel) : relays.DirectlyAsync(loaded.Options?.Relays ?? [], cancel);
        await foreach (DoctorCheck check in relayChecks) yield return check;
        yield return LocalChecks.Clock(dates);
    }

    private static async Task<(DoctorCheck Check, NodeStatusReply? Status)> NodeCheckAsync(NodeClient node, CancellationToken cancel)
    {
        const string Name = "Node";
        try
        {
            NodeStatusReply status = await node.GetAsync("v1/node/status", ClientJson.Default.NodeStatusReply, cancel);
            return status.State == "ready"
                ? (DoctorCheck.Ok(Name, $"ready at {status.Endpoint}, mycel {status.Version}"), status)
                : (DoctorCheck.Warning(Name, $"running, and {status.State}", "Wait a moment and look again."), status);
        }
        catch (NodeClientException error) when (error.ExitCode == ExitCode.NotRunning)
        {
            return (DoctorCheck.Warning(Name, "not running", "Start it with: mycel serve"), null);
        }
        catch (NodeClientException error)
        {
            return (DoctorCheck.Failed(Name, error.Message, "Look at the node's log, or restart it."), null);
        }
    }
}
