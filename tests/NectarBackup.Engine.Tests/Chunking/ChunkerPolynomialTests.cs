using NectarBackup.Engine.Chunking;

namespace NectarBackup.Engine.Tests.Chunking;

public sealed class ChunkerPolynomialTests
{
    [Fact]
    public void A_generated_polynomial_is_irreducible_and_survives_its_text()
    {
        for (var i = 0; i < 20; i++)
        {
            var polynomial = ChunkerPolynomial.Generate();
            Assert.True(polynomial.IsIrreducible);
            Assert.True(ChunkerPolynomial.TryParse(polynomial.ToString(), out var read));
            Assert.Equal(polynomial, read);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x3da3358b4dc173")]
    [InlineData("3da3358b4dc17")]
    [InlineData("7da3358b4dc173")]
    [InlineData("00000000003da3358b4dc173")]
    [InlineData(" 3da3358b4dc173")]
    public void Other_text_is_no_polynomial(string text) => Assert.False(ChunkerPolynomial.TryParse(text, out _));

    [Fact]
    public void The_tables_of_the_published_polynomial_are_known()
    {
        Assert.True(ChunkerPolynomial.TryParse("3da3358b4dc173", out var polynomial));
        Assert.True(polynomial.IsIrreducible);
        Assert.Equal(0x17eb4232e19216UL, polynomial.Shift(1, 63 * 8));
        Assert.Equal(0x3da3358b4dc173UL, new RabinTables(polynomial).Reduce[1]);
        Assert.False(new ChunkerPolynomial(0x3da3358b4dc173 ^ 1).IsIrreducible);
    }
}
