using System.Text;

namespace Mycel.Node.Tests.Cli.Networks;

/// <summary>
/// Reads the text out of the modules of an undamaged QR code with error correction level L, as ISO/IEC 18004 lays them out: format, mask,
/// the zigzag of the code words, their blocks, and one segment of bytes.
/// </summary>
internal sealed class QrReader
{
    /// <summary>By version, from 1 on: error correction words a block, and blocks.</summary>
    private static readonly int[] CorrectionWords =
        [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30];

    private static readonly int[] Blocks =
        [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25];

    private readonly Func<int, int, bool> _isDark;
    private readonly int _size;

    /// <param name="size">Modules in a row, without the quiet zone.</param>
    /// <param name="isDark">Whether the module of a row and column is dark.</param>
    public QrReader(int size, Func<int, int, bool> isDark)
    {
        _size = size;
        _isDark = isDark;
    }

    public int Version => (_size - 17) / 4;

    public string Read()
    {
        var data = Deinterleave(ReadWords(MaskOf()));
        // Four bits of mode, then the length in 8 or 16 bits, then the bytes.
        Assert.Equal(4, data[0] >> 4);
        var isLong = Version > 9;
        var length = isLong ? (Nibble(data, 1) << 12) | (Nibble(data, 2) << 8) | (Nibble(data, 3) << 4) | Nibble(data, 4) : (Nibble(data, 1) << 4) | Nibble(data, 2);
        var first = isLong ? 5 : 3;
        var bytes = new byte[length];
        for (var i = 0; i < length; i++) bytes[i] = (byte)((Nibble(data, first + (2 * i)) << 4) | Nibble(data, first + (2 * i) + 1));
        return Encoding.UTF8.GetString(bytes);
    }

    private static int Nibble(byte[] data, int index) => index % 2 == 0 ? data[index / 2] >> 4 : data[index / 2] & 15;

    private int MaskOf()
    {
        // The five data bits of the format lie beside the upper left finder; they are the level (01 is L) and the mask, under a mask of their own.
        int[] columns = [0, 1, 2, 3, 4];
        var format = columns.Aggregate(0, (bits, column) => (bits << 1) | (_isDark(8, column) ? 1 : 0)) ^ 0b10101;
        Assert.Equal(0b01, format >> 3);
        return format & 0b111;
    }

    private byte[] ReadWords(int mask)
    {
        var bits = new List<bool>();
        var up = true;
        for (var right = _size - 1; right > 0; right -= 2, up = !up)
        {
            if (right == 6) right--;
            for (var step = 0; step < _size; step++)
            {
                var row = up ? _size - 1 - step : step;
                foreach (var column in (ReadOnlySpan<int>)[right, right - 1])
                {
                    if (!IsFunction(row, column)) bits.Add(_isDark(row, column) ^ IsMasked(mask, row, column));
                }
            }
        }
        return [.. bits.Chunk(8).Where(word => word.Length == 8).Select(word => (byte)word.Aggregate(0, (value, bit) => (value << 1) | (bit ? 1 : 0)))];
    }

    private byte[] Deinterleave(byte[] words)
    {
        var (blocks, correction) = (Blocks[Version - 1], CorrectionWords[Version - 1]);
        var (small, larger) = ((words.Length / blocks) - correction, words.Length % blocks);
        var data = Enumerable.Range(0, blocks).Select(_ => new List<byte>()).ToArray();
        var next = 0;
        for (var i = 0; i <= small; i++)
        {
            for (var block = i < small ? 0 : blocks - larger; block < blocks; block++) data[block].Add(words[next++]);
        }
        return [.. data.SelectMany(block => block)];
    }

    private bool IsFunction(int row, int column)
    {
        if (row == 6 || column == 6) return true;
        if (row < 9 && (column < 9 || column >= _size - 8)) return true;
        if (row >= _size - 8 && column < 9) return true;
        if (Version >= 7 && ((row < 6 && column >= _size - 11) || (column < 6 && row >= _size - 11))) return true;
        var centres = AlignmentCentres();
        foreach (var y in centres)
        {
            foreach (var x in centres)
            {
                var isFinder = (x == 6 && y == 6) || (x == 6 && y == centres[^1]) || (x == centres[^1] && y == 6);
                if (!isFinder && Math.Abs(row - y) <= 2 && Math.Abs(column - x) <= 2) return true;
            }
        }
        return false;
    }

    private int[] AlignmentCentres()
    {
        if (Version == 1) return [];
        var count = (Version / 7) + 2;
        var step = Version == 32 ? 26 : ((Version * 4) + (count * 2) + 1) / ((count * 2) - 2) * 2;
        return [6, .. Enumerable.Range(0, count - 1).Select(i => _size - 7 - (i * step)).Reverse()];
    }

    private static bool IsMasked(int mask, int row, int column) => mask switch
    {
        0 => (row + column) % 2 == 0,
        1 => row % 2 == 0,
        2 => column % 3 == 0,
        3 => (row + column) % 3 == 0,
        4 => ((row / 2) + (column / 3)) % 2 == 0,
        5 => (row * column % 2) + (row * column % 3) == 0,
        6 => ((row * column % 2) + (row * column % 3)) % 2 == 0,
        _ => (((row + column) % 2) + (row * column % 3)) % 2 == 0,
    };
}
