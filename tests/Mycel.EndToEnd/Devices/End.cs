namespace Mycel.EndToEnd.Devices;

/// <summary>How a device leaves the connection after a script.</summary>
internal enum End
{
    /// <summary>Open, ready for another request.</summary>
    KeepOpen,

    /// <summary>Closed with a FIN.</summary>
    Finish,

    /// <summary>Closed with a reset.</summary>
    Reset,

    /// <summary>Open and silent.</summary>
    Hang,
}
