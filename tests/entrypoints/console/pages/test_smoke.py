def test_x(world):
    import time
    from watchfloor.noc.models import *

    print(
        Ticket.objects.count(),
        ReviewItem.objects.count(),
        AlertEvent.objects.count(),
        DeadLetter.objects.count(),
    )


def test_y(world):
    pass
