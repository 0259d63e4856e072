# A table grows, is looked into and is thrown away, four times: memory goes up in steps and comes down at once.
use strict;
use warnings;

my $seed = 11;
sub random { my $n = shift; $seed = ($seed * 1103515245 + 12345) % 2147483648; return int($seed / 65536) % $n }

my @syllables = qw(ka ro mi ten lu sha pol ir ve dun ost ara bel qui nor);
for my $chapter (1 .. 4) {
    my (%count, %follows);
    my $before = '';
    for (1 .. 1500 * $chapter) {
        my $word = join '', map { $syllables[random(scalar @syllables)] } 1 .. 1 + random(3);
        $count{$word}++;
        push @{ $follows{$before} }, $word if length $before > 2;
        $before = $word;
    }
    my @often = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 9];
    my $text = join ', ', map { ucfirst($_) . " $count{$_}/" . @{ $follows{$_} || [] } } @often;
    $text =~ s/(\d+)\/(\d+)/$1 times, $2 followed/g;
    print "$chapter: $text\n";
}
