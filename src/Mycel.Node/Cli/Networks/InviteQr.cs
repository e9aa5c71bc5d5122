using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Networks;

/// <summary>Shows an invite as a QR code where the terminal has room for it, and says so where it has not.</summary>
internal static class InviteQr
{
    /// <summary>Writes the code.</summary>
    /// <param name="token">The invite.</param>
    /// <param name="console">Where to.</param>
    /// <param name="isAskedFor">Whether it is all that was asked for: then it is written to a file too.</param>
    public static void Write(string token, CliConsole console, bool isAskedFor)
    {
        if (!console.OutputIsTerminal && !isAskedFor) return;
        if (QrCode.Of(token) is not { } code)
        {
            console.WriteLine("The invite is too long for a QR code; hand over its text.");
        }
        else if (code.Size > console.Width)
        {
            console.WriteLine(
                $"Its QR code is {code.Size} columns wide, and this terminal has {console.Width}. To see it, make the window larger or the letters smaller, and give the invite to: mycel invite qr -");
        }
        else
        {
            foreach (string line in code.Lines()) console.Out.WriteLine(line);
        }
    }
}
