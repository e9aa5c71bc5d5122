using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Mycel.Transport;

namespace Mycel.Bench.Transport;

/// <summary>Answers small requests with what they carry, and large ones with their length; the same large ones over TLS on TCP.</summary>
internal static class Server
{
    /// <summary>A request that is longer is counted and not sent back.</summary>
    public const int MaxEchoBytes = 4096;

    public static async Task RunAsync(ITransportEndpoint endpoint, X509Certificate2 certificate)
    {
        using var tcp = new TcpListener(IPAddress.Loopback, 0);
        tcp.Start();
        Console.WriteLine($"{endpoint.LocalEndPoint.Port} {((IPEndPoint)tcp.LocalEndpoint).Port}");
        _ = AcceptAsync(endpoint);
        _ = AcceptTlsAsync(tcp, certificate);
        await Console.In.ReadToEndAsync();
    }

    private static async Task AcceptAsync(ITransportEndpoint endpoint)
    {
        while (true)
            _ = ServeAsync(await endpoint.AcceptAsync());
    }

    private static async Task ServeAsync(ITransportConnection connection)
    {
        while (await connection.AcceptStreamAsync() is { } stream)
            _ = AnswerAsync(stream);
    }

    private static async Task AnswerAsync(ITransportStream stream)
    {
        await using (stream)
        {
            var buffer = new byte[MaxEchoBytes];
            int total = 0, count;
            while ((count = await stream.ReadAsync(buffer.AsMemory(total))) > 0 && (total += count) < MaxEchoBytes)
            {
            }

            if (total < MaxEchoBytes)
            {
                await stream.WriteAsync(buffer.AsMemory(0, total), end: true);
                return;
            }

            long sum = total;
            buffer = new byte[256 << 10];
            while ((count = await stream.ReadAsync(buffer)) > 0)
                sum += count;
            await stream.WriteAsync(BitConverter.GetBytes(sum), end: true);
        }
    }

    private static async Task AcceptTlsAsync(TcpListener listener, X509Certificate2 certificate)
    {
        while (true)
        {
            TcpClient client = await listener.AcceptTcpClientAsync();
            _ = Task.Run(async () =>
            {
                await using var tls = new SslStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(certificate);
                var buffer = new byte[256 << 10];
                var header = new byte[8];
                await tls.ReadExactlyAsync(header);
                long rest = BitConverter.ToInt64(header);
                while (rest > 0)
                    rest -= await tls.ReadAsync(buffer);
                await tls.WriteAsync(header);
            });
        }
    }
}
