namespace Mycel.Node.Admission;

/// <summary>What the key store logs.</summary>
internal static partial class KeyStoreLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Keys were changed by another process; {KeyCount} are in force")]
    public static partial void KeysReloaded(ILogger logger, int keyCount);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason} Until then the {KeyCount} keys known before stay in force")]
    public static partial void KeysUnreadable(ILogger logger, string reason, int keyCount);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} is gone; the {KeyCount} keys known before stay in force until a restart. Bring the file back, or revoke keys with mycel keys revoke")]
    public static partial void KeysVanished(ILogger logger, string path, int keyCount);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for changes of {Path} failed; will look again")]
    public static partial void KeysCheckFailed(ILogger logger, Exception exception, string path);
}
