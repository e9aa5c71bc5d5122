using Mycel.Node.Models;

namespace Mycel.Node.Tests.Models;

public class EngineSizingTests
{
    private const long WeightBytes = 1_000_000;
    private const long BytesPerCell = 100;

    /// <summary>Memory in cells beside the weights; trained, wanted context, wanted slots; chosen context, slots and cells.</summary>
    [Theory]
    // Room for all: one request of full length, or an ordinary one in every slot.
    [InlineData(100_000, 40_960, 0, 0, 40_960, 4, 40_960)]
    [InlineData(100_000, 8_192, 0, 0, 8_192, 4, 16_384)]
    [InlineData(100_000, 512, 0, 0, 512, 4, 2_048)]
    // The context gives way first, down to an ordinary one; then the slots; then the context again.
    [InlineData(30_000, 40_960, 0, 0, 20_480, 4, 20_480)]
    [InlineData(9_000, 40_960, 0, 0, 4_096, 2, 8_192)]
    [InlineData(3_000, 40_960, 0, 0, 2_048, 1, 2_048)]
    // What was asked for stays, fits or not.
    [InlineData(9_000, 40_960, 8_192, 0, 8_192, 2, 8_192)]
    [InlineData(9_000, 40_960, 0, 8, 1_024, 8, 8_192)]
    [InlineData(1_000, 40_960, 8_192, 2, 8_192, 2, 8_192)]
    [InlineData(100, 40_960, 0, 0, 256, 1, 256)]
    public void What_is_open_is_made_to_fit_and_what_was_asked_for_stays(long room, int trained, int context, int slots, int chosenContext, int chosenSlots, int cells) =>
        Assert.Equal(new EngineShape(chosenContext, chosenSlots, cells),
            EngineSizing.Choose(trained, context, slots, WeightBytes + (room * BytesPerCell), shape => WeightBytes + (shape.Cells * BytesPerCell)));
}
