using System.Globalization;
using System.Text;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>Looks into the memory of a process, as only root may.</summary>
internal static class ProcessMemory
{
    private const int PieceBytes = 4 << 20;

    /// <summary>Whether a text stands anywhere in what a process can write to, as UTF-8 or as UTF-16.</summary>
    public static bool Contains(int pid, string text)
    {
        byte[][] forms = [Encoding.UTF8.GetBytes(text), Encoding.Unicode.GetBytes(text)];
        using var memory = new FileStream($"/proc/{pid}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        return Writable(pid).Any(range => Contains(memory, range.From, range.To, forms));
    }

    private static bool Contains(FileStream memory, long from, long to, byte[][] forms)
    {
        // Pieces overlap, so that no border cuts the text.
        var overlap = forms.Max(form => form.Length) - 1;
        var piece = new byte[PieceBytes + overlap];
        for (var at = from; at < to; at += PieceBytes)
        {
            try
            {
                memory.Position = at;
                var count = memory.ReadAtLeast(piece.AsSpan(0, (int)Math.Min(piece.Length, to - at)), 1, throwOnEndOfStream: false);
                if (forms.Any(form => piece.AsSpan(0, count).IndexOf(form) >= 0)) return true;
            }
            catch (IOException)
            {
                // Reserved, and never used.
            }
        }

        return false;
    }

    private static IEnumerable<(long From, long To)> Writable(int pid)
    {
        foreach (var line in File.ReadAllLines($"/proc/{pid}/maps"))
        {
            var words = line.Split(' ', 3);
            if (!words[1].StartsWith("rw", StringComparison.Ordinal)) continue;
            var ends = words[0].Split('-');
            if (!long.TryParse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var from) || !long.TryParse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var to) || from < 0) continue;
            yield return (from, to);
        }
    }
}
