using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using Mycel.Transport;

namespace Mycel.Bench.Transport;

/// <summary>The measurements, one after the other, on one connection where nothing else is said.</summary>
internal sealed class Client(ITransportEndpoint endpoint, IPEndPoint server, IPEndPoint tls, int serverProcess)
{
    private const int RequestBytes = 64;
    private const int InFlight = 64;
    private const long BulkBytes = 300_000_000;

    public async Task RunAsync()
    {
        var figures = new Dictionary<string, double>();
        ITransportConnection connection = await endpoint.ConnectAsync(server);
        await AskManyAsync(connection, 50_000, InFlight);
        await SequentialAsync(connection, 3000);

        double cpu = Cpu();
        double[] times = await SequentialAsync(connection, 10_000);
        figures["sequential_p50_us"] = times[times.Length / 2];
        figures["sequential_p99_us"] = times[times.Length * 99 / 100];
        figures["sequential_cpu_us"] = (Cpu() - cpu) / times.Length;

        cpu = Cpu();
        long start = Stopwatch.GetTimestamp();
        const int Many = 200_000;
        await AskManyAsync(connection, Many, InFlight);
        figures["in_flight_64_per_s"] = Many / Stopwatch.GetElapsedTime(start).TotalSeconds;
        figures["in_flight_64_cpu_us"] = (Cpu() - cpu) / Many;

        await BulkAsync(connection, BulkBytes / 10);
        cpu = Cpu();
        figures["bulk_mb_s"] = await BulkAsync(connection, BulkBytes);
        figures["bulk_cpu_s_per_100mb"] = (Cpu() - cpu) / 1e6 / (BulkBytes / 1e8);
        figures["tls_bulk_mb_s"] = await TlsBulkAsync(BulkBytes);

        await HandshakesAsync(50, []);
        List<double> connects = [], withEcho = [];
        cpu = Cpu();
        await HandshakesAsync(200, connects, withEcho);
        figures["handshake_and_echo_cpu_ms"] = (Cpu() - cpu) / 1000 / connects.Count;
        figures["handshake_p50_ms"] = Median(connects);
        figures["handshake_and_echo_p50_ms"] = Median(withEcho);

        (double ownBefore, double otherBefore) = Memory();
        start = Stopwatch.GetTimestamp();
        await AskManyAsync(connection, 100_000, InFlight);
        figures["streams_100k_s"] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        (double ownAfter, double otherAfter) = Memory();
        figures["streams_100k_client_growth_mb"] = ownAfter - ownBefore;
        figures["streams_100k_server_growth_mb"] = otherAfter - otherBefore;
        figures["client_rss_mb"] = ownAfter;
        figures["server_rss_mb"] = otherAfter;
        (figures["idle_50_cpu_percent"], figures["idle_50_kb_each"]) = await IdleAsync(50, TimeSpan.FromSeconds(10));
        Console.WriteLine(JsonSerializer.Serialize(figures));
    }

    private static async Task<double[]> SequentialAsync(ITransportConnection connection, int count)
    {
        var times = new double[count];
        var request = new byte[RequestBytes];
        var answer = new byte[RequestBytes];
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await AskAsync(connection, request, answer);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        Array.Sort(times);
        return times;
    }

    private static async Task AskManyAsync(ITransportConnection connection, int count, int inFlight)
    {
        int left = count;
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(async () =>
        {
            var request = new byte[RequestBytes];
            var answer = new byte[RequestBytes];
            while (Interlocked.Decrement(ref left) >= 0)
                await AskAsync(connection, request, answer);
        })));
    }

    private static async Task AskAsync(ITransportConnection connection, byte[] request, byte[] answer)
    {
        await using ITransportStream stream = await connection.OpenStreamAsync();
        await stream.WriteAsync(request, end: true);
        int total = 0, count;
        while ((count = await stream.ReadAsync(answer.AsMemory(total))) > 0 && (total += count) < RequestBytes)
        {
        }

        if (total != RequestBytes)
            throw new InvalidDataException($"An answer has {total} bytes, not {RequestBytes}.");
    }

    private static async Task<double> BulkAsync(ITransportConnection connection, long bytes)
    {
        var block = new byte[256 << 10];
        long start = Stopwatch.GetTimestamp();
        await using ITransportStream stream = await connection.OpenStreamAsync();
        for (long rest = bytes; rest > 0; rest -= block.Length)
            await stream.WriteAsync(block.AsMemory(0, (int)Math.Min(rest, block.Length)), end: rest <= block.Length);
        var answer = new byte[8];
        int count = await stream.ReadAsync(answer);
        if (count != 8 || BitConverter.ToInt64(answer) != bytes)
            throw new InvalidDataException("Bytes are missing.");
        return bytes / Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    private async Task<double> TlsBulkAsync(long bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(tls);
#pragma warning disable CA5359 // The certificate is made for this run and the other end is this machine.
        await using var stream = new SslStream(client.GetStream(), false, static (_, _, _, _) => true);
#pragma warning restore CA5359
        await stream.AuthenticateAsClientAsync("bench");
        var block = new byte[256 << 10];
        long start = Stopwatch.GetTimestamp();
        await stream.WriteAsync(BitConverter.GetBytes(bytes));
        for (long rest = bytes; rest > 0; rest -= block.Length)
            await stream.WriteAsync(block.AsMemory(0, (int)Math.Min(rest, block.Length)));
        await stream.ReadExactlyAsync(new byte[8]);
        return bytes / Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    private async Task HandshakesAsync(int count, List<double> connects, List<double>? withEcho = null)
    {
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await using ITransportConnection connection = await endpoint.ConnectAsync(server);
            connects.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await AskAsync(connection, new byte[RequestBytes], new byte[RequestBytes]);
            withEcho?.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    /// <summary>What idle connections take: processor time of both ends, in percent of a core, and memory of both, in kilobytes each.</summary>
    private async Task<(double CpuPercent, double KilobytesEach)> IdleAsync(int count, TimeSpan time)
    {
        (double ownBefore, double otherBefore) = Memory();
        var connections = new List<ITransportConnection>();
        for (int i = 0; i < count; i++)
            connections.Add(await endpoint.ConnectAsync(server));
        (double ownAfter, double otherAfter) = Memory();
        // Once round before: what has never run is compiled at its first run.
        await Task.Delay(time);
        double cpu = Cpu();
        await Task.Delay(time);
        cpu = Cpu() - cpu;
        foreach (ITransportConnection connection in connections)
            await connection.DisposeAsync();
        return (100 * cpu / time.TotalMicroseconds, (ownAfter - ownBefore + otherAfter - otherBefore) * 1024 / count);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    /// <summary>Processor time of both ends, in microseconds.</summary>
    private double Cpu()
    {
        using Process own = Process.GetCurrentProcess(), other = Process.GetProcessById(serverProcess);
        return (own.TotalProcessorTime + other.TotalProcessorTime).TotalMicroseconds;
    }

    /// <summary>Resident memory of both ends, in megabytes.</summary>
    private (double Own, double Other) Memory() => (ResidentMb(Environment.ProcessId), ResidentMb(serverProcess));

    private static double ResidentMb(int process)
        => double.Parse(
            File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) / 1024;
}
