using System.Diagnostics;
using System.Security.Cryptography;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>A client that reads slowly holds its device back; it does not fill the node's memory.</summary>
public sealed class SlowReaderTests
{
    private const int Megabyte = 1 << 20;
    private const int TotalBytes = 100 * Megabyte;

    [Fact]
    public async Task A_fast_stream_of_100_MB_waits_for_its_slow_reader()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(device);
        long sent = 0;
        using var sentHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        device.OnRequest = async exchange =>
        {
            await exchange.SendAsync(Scripts.StreamHead);
            for (var i = 0; sent < TotalBytes; i++)
            {
                var payload = System.Text.Encoding.UTF8.GetBytes(Sse.Token($"{i} " + new string((char)('a' + (i % 26)), 16_000)));
                sentHash.AppendData(payload);
                await exchange.SendAsync(Scripts.Chunk(payload));
                Interlocked.Add(ref sent, payload.Length);
            }

            var end = System.Text.Encoding.UTF8.GetBytes(Sse.Finish() + Sse.Done);
            sentHash.AppendData(end);
            await exchange.SendAsync(Scripts.Chunk(end));
            await exchange.SendAsync(Scripts.LastChunk);
        };
        (await node.PostAsync("/v1/embeddings", """{"model":"nothing","input":"x"}""")).MustRefuse(404);
        var before = node.ResidentBytes();

        await using var client = await RawConnection.OpenAsync(node, receiveBufferBytes: 64 * 1024);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody("m", stream: true)));
        Assert.Equal(200, (await client.ReadHeadAsync()).Status);

        using var readHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long read = 0;
        var most = before;
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(4))
        {
            // About 1 MB a second.
            var piece = await client.ReadPieceAsync();
            readHash.AppendData(piece);
            read += piece.Length;
            most = Math.Max(most, node.ResidentBytes());
            await Task.Delay(15);
        }

        Assert.True(most - before < 40L * Megabyte, $"The node grew by {(most - before) / Megabyte} MB.");
        Assert.True(Interlocked.Read(ref sent) - read < 20L * Megabyte, $"The device is {(sent - read) / Megabyte} MB ahead of the reader.");

        while (true)
        {
            var piece = await client.ReadPieceAsync();
            if (piece.Length == 0) break;
            readHash.AppendData(piece);
            read += piece.Length;
        }

        Assert.True(read > TotalBytes);
        Assert.Equal(sentHash.GetHashAndReset(), readHash.GetHashAndReset());
        Assert.True(node.ResidentBytes() - before < 60L * Megabyte, $"After the stream the node is {(node.ResidentBytes() - before) / Megabyte} MB larger.");
    }

    [Fact]
    public async Task Bodies_being_handled_at_once_have_a_bound()
    {
        await using var device = FaultyDevice.Start("m");
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = "api:\n  body_memory_mb: 64\n", Devices = [device] });
        var gate = new Gate();
        device.OnRequest = Scripts.Held(gate, Scripts.Proper);
        var body = NodeCalls.ChatBody("m", more: ",\"pad\":\"" + new string('p', 15 * Megabyte) + "\"");
        var pending = Enumerable.Range(0, 8).Select(_ => node.PostAsync(NodeCalls.ChatPath, body)).ToList();
        var first = await await Task.WhenAny(pending);
        first.MustRefuse(503, "body_memory_full");
        Assert.NotNull(first["Retry-After"]);
        gate.Open();
        foreach (var reply in await Task.WhenAll(pending)) Assert.True(reply.Status is 200 or 503, reply.Text);
        Assert.InRange(device.MostInFlight, 1, 4);
        (await node.PostAsync(NodeCalls.ChatPath, body)).MustBe(200);
    }
}
