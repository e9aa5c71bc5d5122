using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>What <c>models pull</c> does.</summary>
internal sealed class PullWork(IPulls pulls, CliConsole console)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    /// <summary>Pulls a model and shows how far it is. When it is interrupted, what has come is kept.</summary>
    public async Task<int> RunAsync(ModelPullRequest request, CancellationToken cancel)
    {
        PullDisplay display = new(console);
        PullStateReply pull = await pulls.StartAsync(request, cancel);
        try
        {
            while (!pull.IsEnded)
            {
                await Task.Delay(Step, cancel);
                pull = await pulls.ShowAsync(pull.Id, cancel);
                if (!pull.IsEnded) display.Show(pull);
            }

            display.Clear();
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            display.Clear();
            await pulls.EndAsync(pull.Id);
            return Stopped(await pulls.ShowAsync(pull.Id, CancellationToken.None));
        }

        return pull.State switch
        {
            "done" => Done(pull),
            "failed" => throw new NodeClientException(pull.Error?.Message ?? "The download failed."),
            _ => Stopped(pull),
        };
    }

    private int Done(PullStateReply pull)
    {
        string name = Printable.Line(pull.Name);
        console.WriteLine(
            $"{console.Styled("✓", TextStyle.Accent)} Pulled {name} ({HumanFormat.Bytes(pull.ReceivedBytes)}), verified. "
            + $"Serve it with: mycel serve --model {name}, or in the running node with: mycel models load {name}");
        return ExitCode.Ok;
    }

    private int Stopped(PullStateReply pull)
    {
        string kept = pull.ReceivedBytes > 0
            ? $"{PullDisplay.Amount(pull)} are kept; the same command goes on from there. To delete them: mycel models rm {Printable.Line(pull.Name)}"
            : "Nothing had come yet.";
        console.WriteError($"The download was ended. {kept}");
        return ExitCode.Failed;
    }
}
