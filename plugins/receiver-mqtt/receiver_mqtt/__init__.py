"""MQTT for Receiver: a sink that publishes events, a transport that subscribes to topics.

Must not know: anything of Receiver but its public names.
"""

from receiver_mqtt.pull import MqttPull
from receiver_mqtt.sink import Mqtt

__all__ = ["Mqtt", "MqttPull"]
__version__ = "0.1.0"
