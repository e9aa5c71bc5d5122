using System.Text;
using Microsoft.Extensions.Primitives;
using Mycel.Node.Backends;
using Mycel.Node.Execution;

namespace Mycel.Node.Api.OpenAi;

/// <summary>Writes the caller's end-to-end headers for a backend. What proves who the caller is never goes along.</summary>
internal static class ForwardedHeaders
{
    /// <param name="headers">The caller's headers.</param>
    /// <param name="via">Ids of the nodes that the request has passed, this one the last.</param>
    /// <param name="target">Where the lines are written.</param>
    public static void Write(IHeaderDictionary headers, string via, PooledBuffer target)
    {
        var connection = headers.Connection;
        foreach (var (name, values) in headers)
        {
            if (EndToEndHeaders.IsDropped(name)) continue;
            if (connection.Count > 0 && IsNamed(connection, name)) continue;
            foreach (var value in values) WriteLine(name, value ?? "", target);
        }
        WriteLine(EndToEndHeaders.Via, via, target);
    }

    /// <summary>Whether the Connection header names another one, which then is hop by hop too.</summary>
    private static bool IsNamed(StringValues connection, string name)
    {
        foreach (var value in connection)
        {
            if (value is null || value.Length < name.Length) continue;
            foreach (var range in value.AsSpan().Split(','))
            {
                if (value.AsSpan(range).Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) return true;
            }
        }
        return false;
    }

    private static void WriteLine(string name, string value, PooledBuffer target)
    {
        var span = target.GetSpan(name.Length + Encoding.UTF8.GetMaxByteCount(value.Length) + 4);
        var length = Encoding.ASCII.GetBytes(name, span);
        span[length++] = (byte)':';
        span[length++] = (byte)' ';
        length += Encoding.UTF8.GetBytes(value, span[length..]);
        span[length++] = (byte)'\r';
        span[length++] = (byte)'\n';
        target.Advance(length);
    }
}
