from zhixiao.simulate.forms import Style, write


def muddle(delivery, draws, dial, horizon):
    yield write(delivery, Style(container=delivery.form)), delivery
