using System.Globalization;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>Shows how far a download is: one line that is written anew on a terminal, a line for each tenth elsewhere.</summary>
internal sealed class PullDisplay(CliConsole console)
{
    private const int BarCells = 24;

    private int _tenth = -1;
    private string? _note;

    /// <summary>Shows it.</summary>
    public void Show(PullStateReply pull)
    {
        if (console.OutputIsTerminal) ShowOver(pull);
        else ShowBelow(pull);
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (!console.OutputIsTerminal) return;
        console.Out.Write("\r\e[K");
        console.Out.Flush();
    }

    /// <summary>What is there of what: <c>43 MB of 98 MB</c>.</summary>
    public static string Amount(PullStateReply pull) =>
        pull.TotalBytes is { } total ? $"{HumanFormat.Bytes(pull.ReceivedBytes)} of {HumanFormat.Bytes(total)}" : HumanFormat.Bytes(pull.ReceivedBytes);

    private void ShowOver(PullStateReply pull)
    {
        string text = TextOf(pull);
        string line = PartOf(pull) is { } part && console.Width > text.Length + BarCells + 4 ? $"{Bar(part)} {text}" : text;
        console.Out.Write("\r" + (line.Length < console.Width ? line : line[..(console.Width - 1)]) + "\e[K");
        console.Out.Flush();
    }

    private void ShowBelow(PullStateReply pull)
    {
        int tenth = (int)((PartOf(pull) ?? 0) * 10);
        if (tenth == _tenth && pull.Note == _note) return;
        (_tenth, _note) = (tenth, pull.Note);
        console.Out.WriteLine(TextOf(pull));
    }

    private static string TextOf(PullStateReply pull)
    {
        string percent = PartOf(pull) is { } part ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(part * 100)} %  ") : "";
        string name = Printable.Line(pull.Name);
        if (pull.Note is { Length: > 0 } note) return $"{name}  {percent}{Amount(pull)}  {Printable.Line(note)}";
        return pull.State switch
        {
            "queued" => $"{name}  waits for other downloads",
            "verifying" => $"{name}  {percent}{Amount(pull)}  verifying",
            _ when pull.BytesPerSecond > 0 => $"{name}  {percent}{Amount(pull)}  {HumanFormat.Bytes(pull.BytesPerSecond)}/s{Eta(pull)}",
            _ => $"{name}  {percent}{Amount(pull)}",
        };
    }

    private static string Eta(PullStateReply pull) => pull.EtaS is { } seconds ? $"  {HumanFormat.Duration(TimeSpan.FromSeconds(Math.Max(1, seconds)))} left" : "";

    private static double? PartOf(PullStateReply pull) => pull.TotalBytes is > 0 and { } total ? Math.Clamp((double)pull.ReceivedBytes / total, 0, 1) : null;

    private static string Bar(double part)
    {
        int full = (int)(part * BarCells);
        return new string('█', full) + new string('░', BarCells - full);
    }
}
