using System.Runtime.InteropServices;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Networks;
using Mycel.Node.Cli.Terminal;
using Spectre.Console;

namespace Mycel.Node.Cli.Chat;

/// <summary>Finds the model to talk with when none is named.</summary>
internal static class ModelChoice
{
    private const int RowsShown = 12;
    private const int NamesShown = 20;
    private const int HoldersShown = 3;

    /// <summary>The only model there is.</summary>
    /// <exception cref="NodeClientException">There is none, or more than one; the message lists them.</exception>
    public static async Task<string> OnlyOneAsync(ChatClient client, CancellationToken cancel)
    {
        IReadOnlyList<string> models = await ListAsync(client, cancel);
        if (models.Count == 1) return models[0];
        string names = string.Join("\n  ", models.Take(NamesShown));
        string more = models.Count > NamesShown ? $"\n  … and {models.Count - NamesShown} more" : "";
        throw new NodeClientException($"There is more than one model. Name one with --model:\n  {names}{more}", ExitCode.Usage);
    }

    /// <summary>The only model there is, or the one a person picks; null when they pick none.</summary>
    public static async Task<string?> ChooseAsync(ChatClient client, CliConsole console, CancellationToken cancel)
    {
        IReadOnlyList<string> models = await ListAsync(client, cancel);
        if (models.Count == 1) return models[0];
        SelectionPrompt<string> prompt = new SelectionPrompt<string> { SearchEnabled = models.Count > RowsShown, PageSize = RowsShown }
            .Title("Which model?")
            .MoreChoicesText("[dim](more below)[/]")
            .UseConverter(Markup.Escape)
            .HighlightStyle(new Style(Color.Green, decoration: Decoration.Bold))
            .AddChoices(models);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        // Ended by the signal alone, the prompt would leave the cursor hidden.
        using PosixSignalRegistration signal = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        try
        {
            return await prompt.ShowAsync(console.Spectre, stop.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<string>> ListAsync(ChatClient client, CancellationToken cancel)
    {
        IReadOnlyList<string> models = await client.ListModelsAsync(cancel);
        if (models.Count > 0) return models;
        IReadOnlyList<PeerReply> missed = await client.ListMissedAsync(cancel);
        if (missed.Count == 0)
        {
            throw new NodeClientException(
                "The node has no models yet. Get one with: mycel models recommend. Or add a device that has some with: mycel relay add http://HOST:PORT");
        }

        IEnumerable<string> holders = missed.Take(HoldersShown).Select(peer => $"{Printable.Line(peer.Name)}, which has {NetworkText.Names(peer.Models)}");
        string others = missed.Count > HoldersShown ? $", and {missed.Count - HoldersShown} more" : "";
        throw new NodeClientException($"No model can be asked now. Not linked: {string.Join("; ", holders)}{others}. See why with: mycel peers");
    }
}
