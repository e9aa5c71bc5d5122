namespace Mycel.Node.Cli.Doctor;

/// <summary>What another machine's clock said.</summary>
/// <param name="Device">The machine.</param>
/// <param name="Skew">How far its clock is ahead of this one; negative when behind. Exact to about a second.</param>
internal readonly record struct DateHeader(string Device, TimeSpan Skew);
