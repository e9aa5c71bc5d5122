using System.Net;

namespace Mycel.Transport.Tests;

/// <summary>Stands between a client and a server.</summary>
internal interface IProxy : IDisposable
{
    /// <summary>Where clients dial.</summary>
    IPEndPoint EndPoint { get; }

    /// <summary>Whether nothing gets through.</summary>
    bool IsCut { get; set; }
}
