using System.Text;
using QRCoder;
using QRCoder.Exceptions;

namespace Mycel.Node.Cli.Networks;

/// <summary>A QR code, its quiet zone of four modules included, drawn with two modules to a terminal cell. Immutable.</summary>
internal sealed class QrCode
{
    /// <summary>The terminal's own palette is not used: themes change it, and a scanner wants real black on real white.</summary>
    private const string DarkText = "38;5;16", LightText = "38;5;231", DarkGround = "48;5;16", LightGround = "48;5;231";

    private readonly bool[,] _dark;

    private QrCode(bool[,] dark) => _dark = dark;

    /// <summary>Modules in a row, and rows; the cells that it is wide.</summary>
    public int Size => _dark.GetLength(0);

    /// <summary>Rows of cells.</summary>
    public int Height => (Size + 1) / 2;

    /// <summary>Whether a module is dark; beyond the edge none is.</summary>
    public bool IsDark(int row, int column) => row < Size && _dark[row, column];

    /// <summary>Makes the code with the least error correction: a screen has no stains, and fewer modules are larger ones. Null when the text is too long for any.</summary>
    public static QrCode? Of(string text)
    {
        try
        {
            using QRCodeData data = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.L);
            int size = data.ModuleMatrix.Count;
            bool[,] dark = new bool[size, size];
            for (int row = 0; row < size; row++)
            {
                for (int column = 0; column < size; column++) dark[row, column] = data.ModuleMatrix[row][column];
            }

            return new QrCode(dark);
        }
        catch (DataTooLongException)
        {
            return null;
        }
    }

    /// <summary>The lines for a terminal, with escape sequences. Black and white in any theme; cells of one colour are spaces, so that no seam shows where a font leaves gaps.</summary>
    public IEnumerable<string> Lines()
    {
        StringBuilder line = new();
        for (int row = 0; row < Size; row += 2)
        {
            line.Clear();
            string shown = "";
            for (int column = 0; column < Size; column++)
            {
                bool upper = IsDark(row, column), lower = IsDark(row + 1, column);
                string look = upper == lower ? lower ? DarkGround : LightGround : $"{(upper ? DarkText : LightText)};{(lower ? DarkGround : LightGround)}";
                if (look != shown) line.Append("\e[").Append(shown = look).Append('m');
                line.Append(upper == lower ? ' ' : '▀');
            }

            yield return line.Append("\e[0m").ToString();
        }
    }
}
