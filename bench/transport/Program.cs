using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mycel.Bench.Transport;
using Mycel.Transport;
using Mycel.Transport.Tests.Tunnel;

// transport-bench serve PROVIDER [inline]           prints its UDP and TCP ports, serves until its input ends
// transport-bench ask PROVIDER UDP TCP PID [inline]  measures, prints a JSON object
if (args.Length < 2 || (args[1] == "tunnel" ? TcpTunnelEndpoint.Provider : TransportProviders.Find(args[1])) is not { } provider)
{
    Console.Error.WriteLine("transport-bench serve|ask ngtcp2|msquic|tunnel …");
    return 2;
}

if (provider.WhyNot is { } problem)
{
    Console.Error.WriteLine(problem);
    return 3;
}

using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
var request = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256);
using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
await using ITransportEndpoint endpoint = await provider.BindAsync(new EndpointOptions
{
    Local = new IPEndPoint(IPAddress.Loopback, 0),
    Credentials = new TransportCredentials(certificate),
    Validator = static _ => null,
    HandshakesPerSecondPerAddress = 1_000_000,
    InlineCompletions = args[^1] == "inline",
});
if (args[0] == "serve")
{
    await Server.RunAsync(endpoint, certificate);
    return 0;
}

int udp = int.Parse(args[2], CultureInfo.InvariantCulture), tcp = int.Parse(args[3], CultureInfo.InvariantCulture);
await new Client(endpoint, new IPEndPoint(IPAddress.Loopback, udp), new IPEndPoint(IPAddress.Loopback, tcp), int.Parse(args[4], CultureInfo.InvariantCulture)).RunAsync();
return 0;
