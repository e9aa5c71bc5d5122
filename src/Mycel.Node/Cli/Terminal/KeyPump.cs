using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Mycel.Node.Cli.Terminal;

/// <summary>
/// Reads keys from the terminal for as long as it lives, also while an answer is being written: so nothing typed
/// meanwhile is echoed into the answer, and it is there for the next line. Ctrl-C arrives as an input, or goes to <see cref="OnInterrupt"/>.
/// </summary>
internal sealed class KeyPump : IDisposable
{
    /// <summary>Inputs kept that nobody has read yet; more are dropped.</summary>
    private const int MaxWaiting = 65_536;

    private const string EnablePasteMarks = "\e[?2004h";
    private const string DisablePasteMarks = "\e[?2004l";

    private readonly Channel<TerminalInput> _inputs = Channel.CreateBounded<TerminalInput>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly KeyDecoder _decoder = new();
    private readonly PosixSignalRegistration _signal;
    private readonly PosixSignalRegistration? _resume;
    private readonly TextWriter _output;

    /// <summary>Begins reading.</summary>
    /// <param name="output">The terminal, told to mark pastes.</param>
    public KeyPump(TextWriter output)
    {
        _output = output;
        _signal = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            Action? handler = OnInterrupt;
            if (handler is not null) handler();
            else _inputs.Writer.TryWrite(new TerminalInput(Interrupt: true));
        });
        if (!OperatingSystem.IsWindows())
        {
            _resume = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ =>
            {
                // The shell that had the terminal meanwhile has set it its own way.
                _output.Write(EnablePasteMarks);
                _inputs.Writer.TryWrite(new TerminalInput(Resumed: true));
            });
        }

        _output.Write(EnablePasteMarks);
        _output.Flush();
        new Thread(Read) { IsBackground = true, Name = "keys" }.Start();
    }

    /// <summary>Called on Ctrl-C, on another thread; null while Ctrl-C is to be an input.</summary>
    public Action? OnInterrupt { get; set; }

    /// <summary>The next input, or null when the terminal is gone.</summary>
    public async ValueTask<TerminalInput?> ReadAsync(CancellationToken cancel)
    {
        try
        {
            return await _inputs.Reader.ReadAsync(cancel);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    /// <summary>Whether another input is waiting: then drawing can wait too.</summary>
    public bool HasMore => _inputs.Reader.Count > 0;

    /// <summary>Stops marking pastes and catching Ctrl-C. The reading thread ends with the process.</summary>
    public void Dispose()
    {
        _signal.Dispose();
        _resume?.Dispose();
        _output.Write(DisablePasteMarks);
        _output.Flush();
        _inputs.Writer.TryComplete();
    }

    private void Read()
    {
        List<TerminalInput> inputs = [];
        try
        {
            while (true)
            {
                _decoder.Take(Console.ReadKey(intercept: true), inputs);
                // A lone Escape is the beginning of a mark too, but nothing follows it at once.
                if (_decoder.IsHolding && !Console.KeyAvailable) _decoder.Flush(inputs);
                foreach (TerminalInput input in inputs) _inputs.Writer.TryWrite(input);
                inputs.Clear();
            }
        }
        catch (Exception error) when (error is InvalidOperationException or IOException)
        {
            _inputs.Writer.TryComplete();
        }
    }
}
