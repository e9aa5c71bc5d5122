namespace Mycel.Dht.Wire;

/// <summary>Kinds of messages, as dht.proto numbers them.</summary>
internal enum MessageKind
{
    None = 0,
    Ping = 1,
    Find = 2,
    Store = 3,
    Pong = 4,
    Found = 5,
    Stored = 6,
    Token = 7,
    Refused = 8,
}

/// <summary>Why a record was not stored.</summary>
internal enum StoreRefusal
{
    None = 0,

    /// <summary>It is damaged, forged, for another key, or not valid at this time.</summary>
    Invalid = 1,

    /// <summary>A newer one is stored.</summary>
    Stale = 2,

    /// <summary>There is no room.</summary>
    Full = 3,
}
